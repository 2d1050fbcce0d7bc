"""Predictions of images larger than memory, by windows, that go on after they were killed."""
