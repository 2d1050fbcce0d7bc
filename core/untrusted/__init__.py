"""What comes from others is read here: within bounds, and without what cannot be looked at."""
