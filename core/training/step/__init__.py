"""The training step. To import any of it starts TensorFlow, so only functions that train do."""

from core.device import tensorflow

tensorflow()  # before Keras, whose backend it chooses
