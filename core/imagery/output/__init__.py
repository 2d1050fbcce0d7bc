"""Label maps, probabilities and outlines as files."""
