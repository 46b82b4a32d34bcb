"""Dataset, defects and source: what is known to be wrong with it, whose it is, and its licence."""

import streamlit as st

from fmnist.analysis.dataset.duplicates import (
    differing_labels,
    find_leaks,
    load_duplicate_pairs,
)
from fmnist.analysis.label_issues import find_label_issues
from fmnist.charts.report_charts import HUMAN_SOURCE
from fmnist.runs.library import quote_run
from fmnist.runs.run import Run
from pages.parts.shared import PAGES_DIR, loading, model_picker

ISSUES = "https://github.com/zalandoresearch/fashion-mnist/issues"
SOURCE = """**Source.** Han Xiao, Kashif Rasul and Roland Vollgraf of Zalando Research,
*Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms*, 2017,
[arXiv 1708.07747](https://arxiv.org/abs/1708.07747);
[zalandoresearch/fashion-mnist](https://github.com/zalandoresearch/fashion-mnist).
The four files here are the published ones, checked by their SHA-256 whenever they are read.

**Licence.** MIT, © 2017 Zalando SE. You may use, change and pass on the images if you keep that
notice; it lies beside the files as `LICENSE`."""


def show(run: Run | None) -> None:
    """Show the list of defects and the source."""
    catalogue, pairs = loading.catalogue(), load_duplicate_pairs()
    two = int(differing_labels(pairs, catalogue).sum())
    st.markdown(
        f"""**Known defects**

- **Near-duplicates across training and test.** {len(find_leaks(pairs))} of the 10,000 test images
  have one in the training part, so an accuracy is slightly too good
  ([Geier, arXiv 1906.08255](https://arxiv.org/abs/1906.08255); counted here, see Near-duplicates).
- **Exact duplicates are gone.** 43 pairs in the training part, one in the test part and ten images
  in both were replaced on 31 August 2017 ([#44]({ISSUES}/44)); older copies still have them. Here
  there is none.
- **Wrong labels.** 64 training images are listed as wrong, and there are more
  ([Müller and Markert, arXiv 1912.05283](https://arxiv.org/abs/1912.05283);
  [#166]({ISSUES}/166)). {two} pairs of near-duplicates carry two different labels.
- **Classes that the picture does not decide.** T-shirt, shirt, pullover and coat often look alike
  at 28 × 28. Right answers of people: {HUMAN_SOURCE}.
- **Cut by a program.** Where that failed, a picture shows only a piece of a garment
  ([#166]({ISSUES}/166)).
- **Small and grey.** Colour is lost, and subsampling skips rows, so fine patterns flicker. Larger
  or coloured versions were asked for and not published ([#2]({ISSUES}/2), [#38]({ISSUES}/38)).
- **One kind of photo.** Front views of single products on a light background; white products were
  left out, nobody wears them, and shoes point to the left. Other pictures are foreign to a network
  that learnt from these alone."""
    )
    above = st.container()  # drawn last: a damaged run ends the page there
    st.markdown(SOURCE)
    if run is not None:
        with above:
            _show_label_issues(run)


def _show_label_issues(run: Run) -> None:
    suspects = find_label_issues(loading.predictions(run), loading.test_part().labels)
    st.markdown(
        "Confident learning (Northcutt et al., arXiv 1911.00068) with "
        f"{quote_run(run)} finds **{int(suspects.sum())} label issues** among the 10,000 test "
        "labels: its predictions contradict them. Some are its own mistakes."
    )
    with st.container(horizontal=True):
        for label, icon, where in (
            ("See these images", "search", {"mistakes_which": "Label issues"}),
            ("Judge them yourself", "balance", {"do": "Label review"}),
        ):
            st.page_link(
                PAGES_DIR / "mistakes.py",
                label=label,
                icon=f":material/{icon}:",
                query_params={**where, model_picker.RUN_KEY: run.name},
            )
