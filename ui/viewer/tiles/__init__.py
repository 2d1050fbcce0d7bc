"""Images and label maps that do not fit, as tiles that the browser fetches."""
