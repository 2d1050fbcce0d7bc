"""Statistics of a dataset, as charts: classes, where they lie, bands and sizes."""

from ui.statistics.bands import band_correlation, band_histograms
from ui.statistics.places import class_adjacency, class_positions
from ui.statistics.shares import scene_shares, split_shares, whole_shares
from ui.statistics.sizes import image_sizes
from ui.statistics.view import statistics

__all__ = [
    "band_correlation",
    "band_histograms",
    "class_adjacency",
    "class_positions",
    "image_sizes",
    "scene_shares",
    "split_shares",
    "statistics",
    "whole_shares",
]
