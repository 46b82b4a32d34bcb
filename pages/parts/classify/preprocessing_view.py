"""A picture's answer with its input check and the preprocessing options."""

import hashlib
from dataclasses import replace

import streamlit as st

from fmnist.images.decoding import WORKING_SIDE
from fmnist.images.display import encode_image, enlarge, shown_uri
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.inference.answer import Answer
from fmnist.inference.second_networks.photo_network import LEAST_SIDE
from fmnist.runs.run import Run
from pages.parts.classify import taught
from pages.parts.classify.below import card, second
from pages.parts.classify.crop_box import show_crop_box
from pages.parts.classify.input_check_view import show_input_check
from pages.parts.classify.preprocessing_controls import choose, chosen, show_controls
from pages.parts.shared import loading
from pages.parts.shared.answer_view import show_answer


def show_picture(picture: bytes, run: Run, key: str) -> None:
    """Show the picture with the part that was taken, and let another be marked; `key` as below."""
    subject = hashlib.sha256(picture).hexdigest()
    options = chosen(key, subject)
    answer = taught.answer(picture, run, options)
    found = answer.preprocessed
    image = loading.decoded(picture)
    show_crop_box(
        _uri(picture),
        image.size,
        found.box if found else None,
        options.crop,
        # what came with the box counts too, so not the options from before
        lambda crop: choose(key, subject, replace(chosen(key, subject), crop=crop)),
        f"{key}-box",
    )
    photo = answer.second is None and found is not None and found.kind == "photo"
    if photo and options.crop and loading.asks_second_network():
        left, top, right, bottom = options.crop_in_pixels(*image.size)
        if min(right - left, bottom - top) < LEAST_SIDE:
            words = "This part is too small for the photo network."
            if max(image.size) == WORKING_SIDE:
                words = "Pictures are reduced to 512 pixels first, and this part is then too small "
                words += "for the photo network. Cropping the file keeps more detail."
            st.caption(words)


def marked_part(picture: bytes, key: str, subject: str | None = None) -> bytes:
    """The part of a picture that was cropped by hand, as PNG; all of it where none was.

    key, subject: as in `show`
    """
    crop = chosen(key, subject or hashlib.sha256(picture).hexdigest()).crop
    return picture if crop is None else _cut(picture, crop)


@st.cache_data(max_entries=4, show_spinner=False, scope="session")
def _cut(picture: bytes, crop: tuple[float, float, float, float]) -> bytes:
    image = loading.decoded(picture)
    box = PreprocessingOptions(crop=crop).crop_in_pixels(*image.size)
    return encode_image(image.crop(box), "PNG")


def show(
    picture: bytes, run: Run, key: str, subject: str | None = None, brief: bool = False
) -> Answer:
    """Show a picture's answer, its input check, and how it became 28x28 with the controls.

    Returns the answer.

    key: starts the keys of all elements
    subject: what the options belong to. They are forgotten when it changes; the default is the
        picture itself. A drawing stays the same one while strokes are added.
    brief: nothing but the answer, for now
    """
    subject = subject or hashlib.sha256(picture).hexdigest()
    options = chosen(key, subject)
    automatic = taught.answer(picture, run)
    answer = taught.answer(picture, run, options)
    if answer.verdict == "refused":
        show_answer(answer, key)
        return answer
    if options != AUTO:
        _show_before_and_after(automatic, answer, key, subject)
    else:
        st.empty()  # what follows keeps its place: an old answer would stand below the new one
    if answer.pixels is None and automatic.pixels is not None:
        st.info("With these options nothing is left of the picture.", icon=":material/crop_free:")
    else:
        taught.show_what_counts(answer, key)
        show_answer(answer, key, brief, lambda: marked_part(picture, key, subject))
        if brief:
            return answer
        card.offer_answer(answer, picture, run, key)
        second.offer_answer(answer, picture, run, key)
    show_input_check(answer, picture, run, key, subject, options)
    with st.expander("How it became 28 × 28", key=f"{key}-steps", on_change="rerun") as way:
        if not way.open or automatic.preprocessed is None:  # refused, as by a busy server
            return answer
        with st.container(horizontal=True):
            for step in loading.steps(picture, answer.options):
                factor = max(1, 112 // max(step.picture.shape[:2]))
                pixels = enlarge(step.picture, factor)
                st.image(pixels, width=112, caption=step.title, alt=step.title)
        st.markdown("**Change the preprocessing**")
        now, auto = answer.preprocessed.decided, automatic.preprocessed.decided
        show_controls(key, subject, options, now, auto)
    return answer


def _show_before_and_after(automatic: Answer, answer: Answer, key: str, subject: str) -> None:
    asked = {one.second.kind if one.second else "" for one in (automatic, answer)}
    if len(asked) > 1:  # compared are the options, not the networks
        automatic, answer = automatic.alone, answer.alone
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray-badge[Before, automatic] {_best_guess(automatic)}", width="content")
        st.markdown(f":blue-badge[After, by hand] {_best_guess(answer)}", width="content")
        st.button(
            "Back to automatic",
            icon=":material/restart_alt:",
            type="tertiary",
            key=f"{key}-back",
            on_click=choose,
            args=(key, subject, AUTO),
        )


def _best_guess(answer: Answer) -> str:
    if answer.class_id is None:
        return "nothing found"
    return f"{answer.class_name} {answer.probability:.1%}"


@st.cache_data(max_entries=16, show_spinner=False, scope="session")
def _uri(picture: bytes) -> str:
    return shown_uri(loading.decoded(picture))
