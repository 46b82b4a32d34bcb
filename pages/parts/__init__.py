"""The parts of the pages, one folder for each page, and `shared`: all that knows Streamlit."""
