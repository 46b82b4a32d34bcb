"""Report, when unsure: calibration, the rejection thresholds, and their cost."""

import streamlit as st

from fmnist.charts.common import risk_coverage_chart
from fmnist.inference.rejection import RejectionPolicy
from fmnist.inference.tta import TTA_VARIANTS
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.shared import loading
from pages.parts.shared.widgets import number


def show(run: Run) -> None:
    """Show what was fitted on the validation images; the test images are not used."""
    st.header("When it does not answer")
    policy = loading.classifier(run).policy
    variants = policy.tta_variants
    measured = policy.measured
    if not measured:
        st.caption(
            "Nothing was fitted for this run, so its probabilities are the network's own. "
            f"`python -m fmnist rejection {run.name} --fit` fits it in half a minute."
        )
        return
    numbers, curve = st.columns([1, 1.4], gap="large")
    with numbers:
        with st.container(horizontal=True):
            number(
                "Calibration error (ECE)",
                f"{measured['ece_after']:.2%}",
                f"{measured['ece_before']:.2%} before; validation",
                "Mean difference between confidence and accuracy, in 15 bins, on the "
                f"{measured['n']:,} validation images. One temperature, fitted on the same "
                f"images, divides the logarithms of the probabilities: {policy.temperature:.3f}.",
            )
            number(
                "Synthetic outliers rejected",
                f"{measured['outliers_not_confident']:.1%}",
                f"n = {measured['outliers']:,}",
                "Letters, faces, noise, shapes and fragments, none of them a garment, that did not "
                "get a confident answer.",
            )
        st.markdown(
            f"- **Confident** from a calibrated probability of {policy.confidence_threshold:.0%} "
            "on, otherwise **not sure**.\n"
            f"- **Not clothing** where the estimated probability of a garment is below "
            f"{policy.ood_threshold:.0%}.\n"
            f"{_for_drawings(policy)}"
            f"- The answer is the mean over {count_text(len(variants), 'variant')} of the "
            f"input (test-time augmentation): {'; '.join(variants)}."
            + (
                ""
                if len(variants) == len(TTA_VARIANTS)
                else " Other variants are not used: this network knows no garments in them."
            )
        )
        if not run.settings.holdout:
            st.warning(
                "This run was trained on these images too, so these figures are too optimistic."
            )
    with curve:
        st.altair_chart(
            risk_coverage_chart(measured["risk_coverage"], policy.confidence_threshold),
            key="trade-off",
            alt="Share of the validation images answered against the share right of those",
        )
        st.caption(
            f"Fewer answers are more accurate ({measured['n']:,} validation images). "
            "Circle: the chosen threshold."
        )


def _for_drawings(policy: RejectionPolicy) -> str:
    if policy.drawn_ood_threshold is None or policy.drawn_confidence_threshold is None:
        return ""
    if policy.drawn_confidence_threshold > 1:
        return "- Drawings are never answered with confidence: this network gets too few right.\n"
    doubt = policy.drawn_doubt_threshold
    unsure = f"not sure where a garment has less than {doubt:.0%}, and " if doubt else ""
    return (
        f"- Drawings: confident from {policy.drawn_confidence_threshold:.0%} on, {unsure}not "
        f"clothing where a garment has less than {policy.drawn_ood_threshold:.0%}.\n"
    )
