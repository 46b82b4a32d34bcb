"""The networks: those that are trained, and the photo network, which was converted.

Offers `architectures.NETWORKS` and `own_network` for a list of layers. Imports
Keras inside functions only.
"""
