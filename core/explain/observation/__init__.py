"""What the layers of any Keras 3 model give, seen while it runs."""
