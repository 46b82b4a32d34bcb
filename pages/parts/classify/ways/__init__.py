"""Ways in which a picture comes to the Classify page: drawn, or from a camera."""
