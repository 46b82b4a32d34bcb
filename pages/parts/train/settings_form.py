"""All settings of a training as widgets, filled from a recipe or a past run, and checked at once.

Their values are in the session under `train_NAME` and outlive page switches.
"""

import dataclasses
from collections.abc import Callable

import streamlit as st

from fmnist import machine
from fmnist.data import default_source
from fmnist.errors import SettingsError
from fmnist.networks.architectures import CUSTOM, NETWORKS
from fmnist.setting_fields import share_text
from fmnist.settings import LIMITS, SETTINGS, TrainSettings
from fmnist.training import preview
from fmnist.training.recipes import DEMONSTRATIONS, RECIPES, find_watch
from pages.parts.shared.widgets import or_say, set_choice
from pages.parts.train.layers import own_network_view

WAY, CHOOSE = "train_way", "Choose settings"  # the page's control and what shows this form
SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
SHARES_KEY = "train_shares"  # those above, and a past run's
KEPT = "train_kept"  # name -> value of what no widget shows
LAST = "train_last"  # name -> value that a widget had when the page was drawn
OWN = "own"  # settings that are no recipe
EMPTY = -(2**53) + 1  # what a browser sends for a whole number that was deleted
STARTS = {**RECIPES, **DEMONSTRATIONS}

# a past run's, which no widget shows
UNSEEN = ("initial", "continued", "rate_changes")
# what the widgets show, beside "all", the opposite of holdout
NAMES = tuple(name for name in SETTINGS if name not in (*UNSEEN, "holdout", "source", "layers"))


def fill(settings: TrainSettings) -> None:
    """Put settings into the widgets: pass this as a button's `on_click`."""
    set_choice(WAY, CHOOSE)
    _fill(settings)


def show() -> tuple[TrainSettings | None, str]:
    """Draw the widgets and return the settings, or None and the sentence that says what is wrong.

    Draw the settings' start button beside that sentence.
    """
    for key, value in _values(TrainSettings()).items():
        st.session_state.setdefault(key, value)
    reason_for_float32 = _why_float32(st.session_state[_key("network")])
    settings, reason = _read(reason_for_float32)
    st.session_state[LAST] = {name: st.session_state[_key(name)] for name in NAMES}
    _main_row(recipe := _recipe_of(settings))
    if settings and (watch := find_watch(settings)):
        st.caption(f":material/visibility: {watch}")
    if st.session_state[_key("network")] == CUSTOM:
        # a demonstration is ready to start, and the button is not to be far below
        with st.expander("Layers", expanded=recipe not in DEMONSTRATIONS):
            own_network_view.show(settings)
    with st.expander("More settings", key="train_more", on_change="rerun") as more:
        _learning(reason_for_float32)
        left, right = st.columns(2, gap="medium")
        with left:
            _augmentation()
        with right:
            if more.open:
                _preview()
    _kept_settings()
    return settings, reason


def _key(name: str) -> str:
    return f"train_{name}"


def _values(settings: TrainSettings) -> dict:
    """Session key -> value for all that the form keeps."""
    values = {_key("all"): not settings.holdout}
    for name in NAMES:
        value = getattr(settings, name)
        # a number input takes one kind of number, and JSON has 1 for 1.0
        values[_key(name)] = type(LIMITS[name][0])(value) if name in LIMITS else value
    values[SHARES_KEY] = sorted({*SHARES, float(settings.fraction)})
    values[KEPT] = {name: getattr(settings, name) for name in UNSEEN}
    return values


def _fill(settings: TrainSettings) -> None:
    st.session_state.update(_values(settings))
    if settings.layers:  # otherwise those that somebody has built stay, for another time
        own_network_view.fill(settings.layers)


def _read(reason_for_float32: str) -> tuple[TrainSettings | None, str]:
    values = {name: st.session_state[_key(name)] for name in NAMES}
    if reason_for_float32:
        values["precision"] = "float32"
    if values["network"] == CUSTOM:
        own = own_network_view.read()
        if own.fault:
            return None, own.fault
        values["layers"] = own.layers
    if wrong := [words for name, value in values.items() if (words := _fault(name, value))]:
        return None, " ".join(wrong)
    holdout = not st.session_state[_key("all")]
    try:
        return TrainSettings(**values, holdout=holdout, **st.session_state[KEPT]), ""
    except SettingsError as error:
        return None, str(error)


def _fault(name: str, value: object) -> str:
    """What is wrong with one setting, as a sentence; "" where nothing is."""
    try:
        SETTINGS[name].check(value)
    except SettingsError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}"
    return ""


def _why_float32(network: str) -> str:
    """Why bfloat16 is no choice here; "" where it is one."""
    if network not in NETWORKS or not NETWORKS[network].bfloat16_helps:
        return "bfloat16 does not make this network faster."
    if not machine.multiplies_bfloat16():
        return "This machine's processor has no bfloat16 instructions, so it would be slower."
    return ""


def _recipe_settings(name: str) -> TrainSettings:
    """A recipe as this machine can train it."""
    settings = dataclasses.replace(STARTS[name].settings, source=default_source())
    if _why_float32(settings.network):
        settings = dataclasses.replace(settings, precision="float32")
    return settings


def _recipe_of(settings: TrainSettings | None) -> str:
    return next((name for name in STARTS if _recipe_settings(name) == settings), OWN)


def _choose_recipe(current: str) -> None:
    # its key names what the settings are: a widget whose value followed them would, after a second
    # click while the page is being drawn, send the value it had before as if it was chosen
    key = f"train_recipe_{current}"
    names = [*STARTS] if current in STARTS else [OWN, *STARTS]
    st.selectbox(
        "Start from",
        names,
        index=names.index(current),
        format_func=lambda name: STARTS[name].title if name in STARTS else "Your own settings",
        help="\n".join(f"- {recipe.title}: {recipe.summary}" for recipe in STARTS.values()),
        key=key,
        on_change=_take_recipe,
        args=(key, current),
    )


def _take_recipe(key: str, current: str) -> None:
    name = st.session_state[key]
    # Streamlit calls this without a choice, too: a second click while the page is being drawn
    # brings back the widget that the drawing has just left out
    if name != current and name in STARTS:
        _fill(_recipe_settings(name))
    st.session_state[key] = current  # should this widget be back one day


def _main_row(current_recipe: str) -> None:
    recipe, network, share = st.columns(3)
    with recipe:
        _choose_recipe(current_recipe)
    with network:
        _widget("network", st.selectbox, format_func=_network_title)
    with share:
        _widget(
            "fraction",
            st.select_slider,
            options=st.session_state[SHARES_KEY],
            format_func=share_text,  # the browser sends the words: two may not be alike
        )
    with st.grid(6, min_column_width=100):
        _widget("epochs", st.number_input)
        _widget("batch_size", st.number_input)
        _widget("optimizer", st.selectbox)
        _widget("learning_rate", st.number_input, step=1e-4, format="%g")
        _widget("schedule", st.selectbox)
        _widget("seed", st.number_input)


def _network_title(name: str) -> str:
    return "Build your own" if name == CUSTOM else NETWORKS[name].title


def _learning(reason_for_float32: str) -> None:
    with st.container(horizontal=True):
        _widget("weight_decay", st.number_input, step=0.01, format="%g", width=140)
        _widget("label_smoothing", st.number_input, step=0.05, format="%g", width=150)
        if reason_for_float32:  # a widget of its own: the choice is there again where it helps
            own = {"key": "train_float32", "persist_state": None, "default": "float32"}
            how = {"help": reason_for_float32, "disabled": True, **own}
            _widget("precision", st.segmented_control, **how)
        else:
            _widget("precision", st.segmented_control, required=True)
    with st.container(horizontal=True):
        _widget("deterministic", st.toggle)
        _widget("holdout", st.toggle, key=_key("all"))


def _augmentation() -> None:
    _widget("mirror", st.toggle)
    _widget("tta_flip", st.toggle)
    _widget("shift", st.slider, format="%d px")
    _widget("tta_shift", st.toggle)
    _widget("erasing", st.slider, step=0.05, format="percent")
    _widget("stylised", st.toggle)


def _widget(name: str, draw: Callable, **how) -> None:
    """One setting as a widget of this kind, with all that is known of it."""
    setting = SETTINGS[name]
    words = setting.help
    if setting.choices:
        title = how.get("format_func", str)
        meanings = (f"- {title(value)}: {what}" for value, what in setting.choices.items())
        words = "\n".join([f"{words}\n", *meanings])
        how["options"] = list(setting.choices)
    elif draw is st.slider:
        how["min_value"], how["max_value"] = setting.limits
    elif setting.kind is int:
        # Not its limits: a browser keeps what is beyond them to itself and shows it in red, and
        # Start would take what stood there before. The settings check it.
        how |= {"min_value": EMPTY, "on_change": _restore, "args": (name,)}
    draw(setting.label, **{"help": words, "key": _key(name), "persist_state": "session", **how})


def _restore(name: str) -> None:
    """Put the number that was there before into a field that was left empty."""
    if st.session_state[_key(name)] == EMPTY:
        st.session_state[_key(name)] = st.session_state[LAST][name]


def _preview() -> None:
    """Training images with the chosen augmentation, whatever is wrong with the other settings."""
    names = ("seed", "mirror", "shift", "erasing", "stylised")
    try:
        settings = TrainSettings(**{name: st.session_state[_key(name)] for name in names})
    except SettingsError:
        st.caption("There is no preview until the augmentation settings are valid.")
        return
    if (examples := or_say(preview.load_examples)) is None:
        return
    how = settings.options_in_words() or "nothing changed"
    st.image(
        preview.draw_preview(*examples, settings),
        caption="Six training images, and below them the same images in three epochs",
        alt=f"Six training images as they are and augmented in three epochs: {how}",
        width="stretch",
    )


def _kept_settings() -> None:
    """What a past run had beside the widgets, and a way to be rid of it."""
    kept = st.session_state[KEPT]
    if not any(kept.values()):
        return
    # with whatever each of them is legal, so that it can be left out
    alone = TrainSettings(epochs=LIMITS["epochs"][1], optimizer="sgd")
    words = dataclasses.replace(alone, **kept).options_in_words().removeprefix("sgd, ")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Taken from the run: {words}.", width="content")
        st.button(
            "Remove",
            icon=":material/close:",
            type="tertiary",
            on_click=st.session_state.update,
            kwargs={KEPT: {}},
            key="train_leave_out",
        )
