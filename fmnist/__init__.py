"""Fashion-MNIST Studio: train, judge and question small networks on 28x28 pictures of clothing.

The package knows nothing of Streamlit, and importing it does not import TensorFlow (a test holds
both): the web process classifies through LiteRT, training happens in a process of its own.
"""

from fmnist.data import CLASS_NAMES
from fmnist.errors import FmnistError

__all__ = ["CLASS_NAMES", "FmnistError"]
