"""When a run answers and when it does not: calibration, the thresholds, and their cost."""

import streamlit as st

from fmnist.charts.common import risk_coverage_chart
from fmnist.inference.tta import TTA_VARIANTS
from fmnist.runs.run import Run
from pages.parts.shared import loading


def show(run: Run) -> None:
    """Show what was fitted on the validation images; nothing was looked up in the test set."""
    st.subheader("Knowing when not to answer")
    policy = loading.classifier(run).policy
    variants = policy.tta_variants
    plural = "s" if len(variants) > 1 else ""
    measured = policy.measured
    if not measured:
        st.caption(
            "Nothing was fitted for this run, so its probabilities are the network's own. "
            f"`python -m fmnist verdicts {run.name} --fit` does it in half a minute."
        )
        return
    numbers, curve = st.columns([1, 1.4], gap="large")
    with numbers:
        with st.container(horizontal=True):
            st.metric(
                "Calibration error (ECE)",
                f"{measured['ece_after']:.2%}",
                f"{measured['ece_before']:.2%} before",
                delta_color="off",
                delta_arrow="off",
                border=True,
                help="How far confidence and accuracy are apart on average, in 15 bins, on the "
                f"{measured['n']:,} validation images. One temperature, fitted on the same "
                f"images, divides the logarithm of the probabilities: {policy.temperature:.3f}.",
            )
            st.metric(
                "Made-up outliers rejected",
                f"{measured['outliers_not_confident']:.1%}",
                f"n = {measured['outliers']:,}",
                delta_color="off",
                delta_arrow="off",
                border=True,
                help="Letters, faces, noise, shapes and scraps that show no garment and got "
                "another verdict than confident.",
            )
        st.markdown(
            f"- **Confident** from a calibrated probability of {policy.confidence_threshold:.0%} "
            "on, otherwise **not sure**.\n"
            f"- **Not clothing** where the features look like a garment's with less than "
            f"{policy.ood_threshold:.0%}.\n"
            f"- The answer is the mean over {len(variants)} variant{plural} of the "
            f"input (test-time augmentation): {', '.join(variants)}."
            + (
                ""
                if len(variants) == len(TTA_VARIANTS)
                else " The others are left out: this network does not recognise garments in them."
            )
        )
        if not run.settings.holdout:
            st.warning(
                "This run has learnt from these images too, so all of this looks better than it is."
            )
    with curve:
        st.altair_chart(
            risk_coverage_chart(measured["risk_coverage"], policy.confidence_threshold),
            key="trade-off",
            alt="Share of the validation images answered against the share right of those",
        )
        st.caption(
            f"Answering less makes the answers better ({measured['n']:,} validation images). "
            "Circle: the threshold that was chosen."
        )
