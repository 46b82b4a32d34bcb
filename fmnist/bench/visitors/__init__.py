"""Visitors over websockets: many at once, and for long."""
