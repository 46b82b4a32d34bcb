"""What can be decided by hand on a picture's way to 28x28."""

from dataclasses import dataclass

__all__ = [
    "AUTO",
    "DARK_ON_LIGHT",
    "LIGHT_ON_DARK",
    "POLARITIES",
    "ROUTES",
    "SEGMENTS",
    "Choices",
]

ROUTES = ("auto", "zalando", "resize")
DARK_ON_LIGHT, LIGHT_ON_DARK = "dark on light", "light on dark"
POLARITIES = ("auto", DARK_ON_LIGHT, LIGHT_ON_DARK)
SEGMENTS = ("auto", "transparency", "plain", "grabcut", "none")


@dataclass(frozen=True)
class Choices:
    """What is decided by hand on the way to 28x28; the defaults leave everything to `prepare`.

    route: "auto"; "zalando" for the seven published steps, which know of polarity, mirror,
        tolerance and crop only; or "resize" for what most programs do, to compare with: all of
        the picture becomes 28x28, whatever its proportions, with polarity, mirror and crop
    polarity: "dark on light" is negated, "light on dark" is not
    fill: whether an outline is filled; None fills line art
    mirror: whether left and right change places, at the end
    segment: how the garment is found: by the picture's own transparency, by a plain background,
        by OpenCV's GrabCut; "none" takes all of the picture
    tolerance: 0 to 255, what differs less from a plain background (or, in a transparent picture,
        is less opaque) is not garment; a number asks for the plain way where segment is "auto"
    crop: (left, top, right, bottom) as shares of the picture, 0 to 1; None takes all of it

    Raises ValueError on anything else.
    """

    route: str = "auto"
    polarity: str = "auto"
    fill: bool | None = None
    mirror: bool = False
    segment: str = "auto"
    tolerance: float | None = None
    crop: tuple[float, float, float, float] | None = None

    def __post_init__(self):
        for name, allowed in (("route", ROUTES), ("polarity", POLARITIES), ("segment", SEGMENTS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is one of {allowed}, not {getattr(self, name)!r}")
        if self.tolerance is not None and not 0 <= self.tolerance <= 255:
            raise ValueError(f"tolerance lies between 0 and 255, not at {self.tolerance}")
        if self.crop is not None:
            left, top, right, bottom = self.crop
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError(f"crop is (left, top, right, bottom) in 0..1, not {self.crop}")

    def negated(self, decided: bool) -> bool:
        """Whether brightness is turned round: as chosen, or else as decided."""
        return decided if self.polarity == "auto" else self.polarity == DARK_ON_LIGHT


AUTO = Choices()  # everything is decided by `prepare`
