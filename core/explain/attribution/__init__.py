"""Which parts of an image a class comes from."""
