"""One training, from settings to a finished run; the only package that learns.

Offers `loop.train`, the recipes, and the script that repeats a training without this project.
"""
