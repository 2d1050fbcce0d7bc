"""What a set of images looks like that no single file says: other scalings, swaps, bands apart."""
