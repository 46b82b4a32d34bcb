"""What of a picture's file its decoder is shown, and how much work that can be made to be."""

MAX_PARTS = 50_000  # chunks of a PNG, markers of a JPEG; some microseconds each
IN_PIECES = "The picture's file is in too many pieces; save it again as a PNG or JPEG."
