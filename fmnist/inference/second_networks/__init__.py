"""Networks that are asked beside the Fashion-MNIST network: one about photos, one about drawings.

Offers `networks.load_second_networks`. Neither has a part in any number about the test images.
"""
