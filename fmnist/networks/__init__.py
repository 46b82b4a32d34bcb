"""The networks: those that are trained, and the photo network, which was converted.

Offers `architectures.NETWORKS`, `own_network` for a list of layers, and `litert.LiteRT` for a
network's file. Imports Keras inside functions only.
"""
