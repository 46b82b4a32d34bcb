"""A run is a folder: written by one training process, read by everybody.

Offers `library.find_run`, `run.Run` and readers for each file of the folder.
"""
