"""A picture that is pasted on the page is uploaded, which Streamlit 1.67's uploader cannot do."""

from pages.parts.shared.components.component import register_component

_component = register_component(__file__)


def offer() -> None:
    """Say below the uploader that a picture can be pasted, and hand what is pasted to it."""
    _component(key="paste")
