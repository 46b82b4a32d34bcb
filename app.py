"""Fashion-MNIST Studio: the frame around the pages. Start it with `streamlit run app.py`."""

import streamlit as st

from pages.parts.shared import frame

frame.configure()
page = st.navigation(frame.pages())
frame.pick_run()
frame.show_door()
page.run()
