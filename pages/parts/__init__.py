"""What several pages share: the only modules besides the pages themselves that know Streamlit.

They lie in a folder of their own because Streamlit takes every file directly in `pages/` for a
page as long as nobody has run app.py (see `frame.open_page`).
"""
