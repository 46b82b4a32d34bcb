"""What can be decided by hand about how a picture becomes 28x28."""

from dataclasses import dataclass

METHODS = ("automatic", "published", "resize")
DARK_ON_LIGHT, LIGHT_ON_DARK = "dark on light", "light on dark"
POLARITIES = ("automatic", DARK_ON_LIGHT, LIGHT_ON_DARK)
SEGMENTS = ("automatic", "transparency", "worn", "plain", "grabcut", "none")


@dataclass(frozen=True)
class PreprocessingOptions:
    """What is decided by hand; the defaults leave everything to `pipeline.preprocess_image`.

    method: "automatic"; "published" for the dataset makers' seven steps, which know of polarity,
        mirror, tolerance and crop only; or "resize" for what most programs do, to compare with:
        all of the picture becomes 28x28, whatever its proportions, with polarity, mirror and crop
    polarity: "dark on light" is negated, "light on dark" is not
    fill: whether an outline is filled; None fills line art
    mirror: whether left and right change places, at the end
    segment: how the garment is found: by the picture's own transparency, on the person who wears
        it, by a plain background, by OpenCV's GrabCut; "none" takes all of the picture
    tolerance: 0 to 255, what differs less from a plain background (or, in a transparent picture,
        is less opaque) is not garment; a number asks for "plain" where segment is "automatic"
    crop: (left, top, right, bottom) as shares of the picture, 0 to 1; None takes all of it

    Raises ValueError on anything else.
    """

    method: str = "automatic"
    polarity: str = "automatic"
    fill: bool | None = None
    mirror: bool = False
    segment: str = "automatic"
    tolerance: float | None = None
    crop: tuple[float, float, float, float] | None = None

    def __post_init__(self):
        for name, allowed in (("method", METHODS), ("polarity", POLARITIES), ("segment", SEGMENTS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is one of {allowed}, not {getattr(self, name)!r}")
        if self.tolerance is not None and not 0 <= self.tolerance <= 255:
            raise ValueError(f"tolerance lies between 0 and 255, not at {self.tolerance}")
        if self.crop is not None:
            left, top, right, bottom = self.crop
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError(f"crop is (left, top, right, bottom) in 0..1, not {self.crop}")

    def crop_in_pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The crop of a picture of this size, at least one pixel; all of it without a crop."""
        left, top, right, bottom = self.crop or (0, 0, 1, 1)
        x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
        return x, y, max(x + 1, round(right * width)), max(y + 1, round(bottom * height))

    def decide_polarity(self, dark: bool) -> str:
        """The polarity chosen by hand, or else by whether the garment is dark."""
        if self.polarity != "automatic":
            return self.polarity
        return DARK_ON_LIGHT if dark else LIGHT_ON_DARK


AUTO = PreprocessingOptions()  # nothing is decided by hand
