"""Any picture to the 28x28 pixels that a network is given, and what is unusual about them.

Offers `decoding.decode_image` and `pipeline.preprocess_image`. Knows no network.
"""
