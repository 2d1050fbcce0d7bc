"""Keras callbacks. To import any of them starts TensorFlow, so only functions that train do."""

from core.device import tensorflow

tensorflow()  # before Keras, whose backend it chooses
