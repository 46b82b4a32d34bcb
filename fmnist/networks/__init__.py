"""The networks that can be trained, by name.

Offers `architectures.NETWORKS` and `build_network`. Imports Keras inside functions only.
"""
