"""Train: choose settings, start, watch it learn, stop, and compare past runs."""

import streamlit as st

from fmnist import jobs
from fmnist.architectures import NETWORKS
from fmnist.errors import FmnistError, TrainingBusy
from fmnist.settings import LIMITS, SCHEDULES, TrainSettings
from pages.parts import frame, past_runs, training_panel

SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
PENDING = "train_pending"  # settings that wait for an answer to "stop the other or queue?"

frame.open_page(run_needed=False)
st.title("Train")


def start(settings: TrainSettings, **how) -> bool:
    """Start a training and return True; where another one runs, remember the settings and ask."""
    try:
        run = jobs.start(settings, **how)
    except TrainingBusy:
        st.session_state[PENDING] = settings
        return False
    except FmnistError as error:
        messages.error(str(error))
        return False
    st.session_state.pop(PENDING, None)
    st.session_state[training_panel.WATCHED] = run.name
    return True


with st.form("settings", border=True):
    network_column, share_column = st.columns(2)
    network = network_column.selectbox(
        "Network",
        list(NETWORKS),
        format_func=lambda name: NETWORKS[name].title,
        help="\n".join(f"- {network.title}: {network.summary}" for network in NETWORKS.values()),
        key="train_network",
        persist_state="session",
    )
    fraction = share_column.select_slider(
        "Share of the training images",
        SHARES,
        value=1.0,
        format_func=lambda share: f"{share:.0%}",
        help="A small share makes a demonstration of a minute. 5,000 of the 60,000 images are "
        "always kept for validation.",
        key="train_fraction",
        persist_state="session",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input(
            "Epochs",
            *LIMITS["epochs"],
            10,
            key="train_epochs",
            persist_state="session",
            width=130,
            help="How often the network sees every training image.",
        )
        batch_size = st.number_input(
            "Batch size",
            *LIMITS["batch_size"],
            64,
            key="train_batch_size",
            persist_state="session",
            width=130,
            help="Images a step. Larger batches are faster but learn less from each image.",
        )
        learning_rate = st.number_input(
            "Learning rate",
            *LIMITS["learning_rate"],
            1e-3,
            step=1e-4,
            format="%g",
            key="train_learning_rate",
            persist_state="session",
            width=150,
            help="How far a step goes: too far never settles, too little takes for ever.",
        )
        seed = st.number_input(
            "Seed",
            *LIMITS["seed"],
            0,
            key="train_seed",
            persist_state="session",
            width=130,
            help="Fixes the random start, so that two trainings can be compared.",
        )
    with st.expander("More settings"):
        renderings = st.toggle(
            "Renderings",
            help="Show each training image in other ways too, new ones in every epoch: mirrored, "
            "as an outline, as a silhouette, worn, in pairs, with sleeves spread, bent, in other "
            "cuts, with other brightness. The "
            "network then needs more epochs, and knows more of your own pictures.",
            key="train_renderings",
            persist_state="session",
        )
        schedule_column, decay_column = st.columns(2)
        schedule = schedule_column.selectbox(
            "Schedule of the learning rate",
            list(SCHEDULES),
            help="\n".join(f"- {name}: {what}" for name, what in SCHEDULES.items()),
            key="train_schedule",
            persist_state="session",
        )
        weight_decay = decay_column.number_input(
            "Weight decay",
            *LIMITS["weight_decay"],
            0.0,
            step=0.01,
            format="%g",
            help="AdamW's; 0 is plain Adam.",
            key="train_weight_decay",
            persist_state="session",
        )
    with st.container(horizontal=True):
        wanted = st.form_submit_button(
            "Start training", type="primary", icon=":material/play_arrow:"
        )

# always there, so that what comes and goes in it does not move the running fragment below
messages = st.container()

if wanted:
    try:
        chosen = TrainSettings(
            network=network,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
            fraction=fraction,
            renderings=renderings,
            schedule=schedule,
            weight_decay=weight_decay,
        )
    except FmnistError as error:
        messages.error(str(error))
    else:
        with messages, st.spinner("Starting a training process"):
            start(chosen)

if (pending := st.session_state.get(PENDING)) is not None:
    other = jobs.active()
    with messages.container(border=True):
        if other is None:
            st.info("The machine is free now.", icon=":material/check_circle:")
        else:
            st.warning(jobs.busy_message(other), icon=":material/hourglass_top:")
        with st.container(horizontal=True):
            first = "Start mine" if other is None else "Stop it and start mine"
            stop_first = st.button(first, icon=":material/play_arrow:", key="start_now")
            queue = other is not None and st.button(
                "Start mine when it has ended", icon=":material/schedule:"
            )
            if st.button("Forget mine"):
                st.session_state.pop(PENDING)
                st.rerun()
    if stop_first or queue:
        with messages, st.spinner("Queueing"):
            started = start(pending, stop_other=bool(stop_first), wait=bool(queue))
        if started:
            st.rerun()

training_panel.show()
past_runs.show()
