"""Mistakes: the misclassified test images as a gallery to filter, sort and look at."""

import streamlit as st

from fmnist.data import CLASS_NAMES
from fmnist.mistakes import SORTS, choose
from pages.parts import frame, loading, test_gallery

CLASS_IDS = range(len(CLASS_NAMES))

run = frame.open_page()
st.title("Mistakes")
table = loading.answers_table(run)

with st.container(border=True):
    of, to = st.columns(2)
    true = of.multiselect(
        "True class",
        CLASS_IDS,
        format_func=CLASS_NAMES.__getitem__,
        placeholder="Any class",
        key="mistakes_true",
        persist_state="session",
    )
    predicted = to.multiselect(
        "Predicted class",
        CLASS_IDS,
        format_func=CLASS_NAMES.__getitem__,
        placeholder="Any class",
        key="mistakes_predicted",
        persist_state="session",
    )
    least, order = st.columns(2)
    confidence = least.slider(
        "Confidence",
        0,
        100,
        (0, 100),
        format="%d %%",
        key="mistakes_confidence",
        persist_state="session",
    )
    sort = order.selectbox("Order", list(SORTS), key="mistakes_sort", persist_state="session")

wrong = choose(
    table,
    true=true,
    predicted=predicted,
    confidence=(confidence[0] / 100, confidence[1] / 100),
    sort=sort,
)
total = int((table["true"] != table["predicted"]).sum())
st.markdown(
    f"**{len(wrong):,}** of {total:,} mistakes among {len(table):,} test images "
    f"(accuracy {1 - total / len(table):.2%})"
)
test_gallery.show(wrong, run, key="mistakes")
