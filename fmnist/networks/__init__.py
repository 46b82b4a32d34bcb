"""The networks: those that are trained, and the photo network, which was converted.

Offers `architectures.NETWORKS` and `build_network`. Imports Keras inside functions only.
"""
