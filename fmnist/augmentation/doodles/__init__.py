"""Garments, other clothes and things as people doodle them: a few strokes from memory.

Offers `garments.doodle` and `things.doodle_thing`.
"""
