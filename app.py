"""Fashion-MNIST Studio: the frame around the pages. Start it with `streamlit run app.py`."""

from pages.parts.shared import frame, visit

frame.configure()
with visit.turn_to_open():
    page = frame.navigate()
    frame.draw_head()
    page.run()
