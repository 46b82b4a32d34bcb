"""The glossary, and what the pages say that they use of it."""

import ast
import re

import pytest

from pages.parts.shared.guide.glossary import TERMS, explain
from tests.conftest import ROOT

# what a reader of these pages meets and may not know
MET = """Epoch, Validation images, Logit, Softmax, TTA, Calibration, ECE, Coverage, OOD, Stride,
Feature map, Kernel, Loss, Confusion matrix, Margin, Learning rate, Batch, Augmentation"""


def opened(page: str) -> tuple[str, str]:
    """The idea and the terms that a page's file gives to `open_page`."""
    tree = ast.parse((ROOT / "pages" / f"{page}.py").read_text("utf-8"))
    (call,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "frame.open_page"
    )
    (terms,) = (word.value for word in call.keywords if word.arg == "terms")
    return ast.literal_eval(call.args[2]), ast.literal_eval(terms)


def test_it_is_short_and_each_entry_one_or_two_sentences():
    assert 20 <= len(TERMS) <= 30
    for term, words in TERMS.items():
        assert 1 <= len(re.findall(r"\.(?= |$)", words)) <= 2, term
        assert words.endswith("."), term
    assert list(TERMS) == sorted(TERMS, key=str.lower)


def test_what_readers_meet_is_explained():
    assert {term.strip() for term in MET.split(",")} <= TERMS.keys()


@pytest.mark.parametrize("page", ["classify", "train", "report", "mistakes", "dataset"])
def test_a_pages_own_terms_come_first_and_are_those_of_its_idea(page):
    idea, words = opened(page)
    own = words.split(", ")
    named = {term for term in TERMS if re.search(rf"\b{term}(e?s)?\b", idea, re.IGNORECASE)}
    assert named <= set(own)
    listed = re.findall(r"^- \*\*(.+?)\*\*: ", explain(words), re.MULTILINE)
    assert listed[: len(own)] == own
    assert sorted(listed) == sorted(TERMS)
