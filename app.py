"""Fashion-MNIST Studio: the frame around the pages. Start it with `streamlit run app.py`."""

from pages.parts.shared import frame, visit

frame.configure()
page = frame.navigate()
with visit.turn_to_open():
    frame.draw_head()
    page.run()
