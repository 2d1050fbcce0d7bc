"""What an image file says of itself, beside its pixels: tags, masks, files next to it."""
