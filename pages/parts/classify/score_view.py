"""The score on labelled pictures: the numbers of `python -m fmnist score`, drawn."""

import json

import streamlit as st

from fmnist.collections.labels import LABEL_NAMES
from fmnist.collections.scoring import Summary, Tally, score_answer, summarise_scores
from fmnist.data import CLASS_NAMES
from fmnist.runs.run import Run
from pages.parts.classify.answered import NAME, PICTURE, Answered
from pages.parts.shared.widgets import download, number, show_matrix, side_by_side

WORST = 20


def show(pictures: list[tuple[Answered, int]], source: str, run: Run, key: str) -> None:
    """Show the score of answered pictures with their labels; `source` names them in the JSON."""
    files = [
        score_answer(one.item.name, label_id, one.item.kind, one.answer)
        for one, label_id in pictures
    ]
    summary = summarise_scores(files, limit_worst=WORST)
    _metrics(summary)
    matrix, tallies = side_by_side()
    with matrix:
        show_matrix(
            summary.confusion,
            key=f"{key}-matrix",
            alt="Confusion matrix: true classes in rows, answers in columns",
        )
    with tallies:
        alone = summary.alone
        classes = {name: tally for name, tally in summary.classes.items() if tally.n}
        _tallies("Class", "Right", classes, alone.classes if alone else {})
        _tallies("Kind", "Right", summary.kinds, alone.kinds if alone else {})
        _tallies(
            "Kind, not clothing",
            "Rejected",
            summary.other_kinds,
            alone.other_kinds if alone else {},
        )
        if alone:
            share = summary.alone.garments.share
            st.caption(
                "Alone: the Fashion-MNIST network without a second one and taught pictures"
                + ("." if share is None else f", {share:.1%} of all garments.")
            )
    thumbnails = {id(file): one.thumbnail for file, (one, _) in zip(files, pictures, strict=True)}
    _worst(summary, thumbnails)
    _refused(summary)
    _downloads(summary, source, run, key)


def _metrics(summary: Summary) -> None:
    with st.container(horizontal=True):
        for label, tally, words in (
            (
                "Accuracy",
                summary.garments,
                "Garments answered with their true class; not clothing counts as wrong.",
            ),
            ("Right when confident", summary.confident, "Of the garments answered confidently."),
            (
                "Not clothing: rejected",
                summary.others,
                "Pictures of something else that did not get a confident answer. Files that cannot "
                "be read are not counted.",
            ),
        ):
            number(
                f"{label} (n = {tally.n})",
                f"{tally.share:.1%}" if tally.n else "–",
                f"95 % interval {_interval(tally)}" if tally.n else None,
                words,
            )


def _interval(tally: Tally) -> str:
    low, high = tally.interval
    return f"{low:.1%} to {high:.1%}"


def _tallies(group: str, right: str, tallies: dict[str, Tally], alone: dict[str, Tally]) -> None:
    """Show right and n of each name; `alone`: the same of the Fashion-MNIST network, or empty."""
    if not tallies:
        return
    st.dataframe(
        [
            {
                group: name or "(none)",
                "n": tally.n,
                right: tally.right,
                "Share": 100 * tally.share if tally.n else None,
                "95 % interval": _interval(tally) if tally.n else "",
                **({"Alone": 100 * (alone[name].share or 0)} if alone else {}),
            }
            for name, tally in tallies.items()
        ],
        column_config={
            "n": st.column_config.NumberColumn(width=45),
            right: st.column_config.NumberColumn(width=70),
            "Share": st.column_config.NumberColumn(format="%.1f %%", width=65),
            "Alone": st.column_config.NumberColumn(format="%.1f %%", width=65),
        },
        hide_index=True,
        height="content" if len(tallies) < 12 else 388,
        alt=f"{right} by {group.lower()}",
    )


def _worst(summary: Summary, thumbnails: dict[int, str | None]) -> None:
    if not summary.worst:
        return
    st.markdown("**Worst cases:** wrong answers, the most confident first")
    st.dataframe(
        [
            {
                "picture": thumbnails[id(file)],
                "true": LABEL_NAMES[file.label_id],
                "answer": CLASS_NAMES[file.class_id],
                "probability": file.probability,
                "file": file.path,
            }
            for file in summary.worst
        ],
        column_config={
            "picture": PICTURE,
            "true": "True class",
            "answer": "Answer",
            "probability": st.column_config.NumberColumn("Probability", format="percent"),
            "file": NAME,
        },
        row_height=64,
        hide_index=True,
        alt="The wrong answers with the highest probability",
    )


def _refused(summary: Summary) -> None:
    if not summary.refused:
        return
    st.markdown(f"**Unreadable:** {len(summary.refused)}, wrong if the label is a garment")
    st.dataframe(
        [{"file": file.path, "why": file.message} for file in summary.refused],
        column_config={"file": NAME, "why": st.column_config.TextColumn("Why", width="large")},
        hide_index=True,
        alt="The files that could not be read",
    )


def _downloads(summary: Summary, source: str, run: Run, key: str) -> None:
    with st.container(horizontal=True):
        download(
            "CSV",
            summary.to_csv,
            f"{run.name}-score.csv",
            "text/csv",
            key=f"{key}-csv",
            help="One line per picture: path, label, kind, answer, verdict, probability",
        )
        download(
            "JSON",
            lambda: json.dumps({"folder": source, "run": run.name, **summary.to_dict()}, indent=2),
            f"{run.name}-score.json",
            "application/json",
            key=f"{key}-json",
            help="The score of the labelled pictures, as `python -m fmnist score --json` prints it",
        )
