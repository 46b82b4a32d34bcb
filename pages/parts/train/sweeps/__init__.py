"""Sweeps on the Train page."""
