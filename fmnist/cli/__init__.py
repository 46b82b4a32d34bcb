"""The commands of `python -m fmnist`, one file each, and what a terminal is shown.

Offers `main.main`. May import every other package; nothing imports it.
"""
