"""Images and label maps of any size as tiles of a pyramid, in pixel space."""
