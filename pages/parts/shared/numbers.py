"""A number with what stands under it, as all pages show them."""

import streamlit as st


def number(label: str, value: str, under: str | None = None, words: str | None = None) -> None:
    """Show one number in a box; `words` explain it on demand."""
    st.metric(label, value, under, delta_color="off", delta_arrow="off", border=True, help=words)
