"""What is trained: the networks.

Offers `architectures.NETWORKS` and `build_network`. Imports Keras inside functions only.
"""
