"""Training images changed: mirrored, shifted, drawn in other styles; and pictures of no garment.

Offers functions on arrays (N, 28, 28) uint8. Imports `data`, and `images` to prepare drawings.
"""
