"""Dissection: a planted detector comes first, and what is no detector has no significance."""

import numpy as np
import pytest

from core.errors import ModelError
from core.explain.dissection import LayerSample, dissect, sample_layers
from core.imagery.header import Header
from core.imagery.raster import Raster
from tests.explain.planted_detector import CHANNEL, CHANNELS, planted_card, planted_network, scene


def raster(pixels):
    header = Header(*pixels.shape[:2][::-1], 1, "uint8", "PNG", None, None)
    return Raster(pixels, np.ones(pixels.shape[:2], bool), header)


def test_a_planted_detector_comes_first():
    images = [(raster(pixels), labels) for pixels, labels in map(scene, range(6))]
    sample = sample_layers(planted_network(), planted_card(), images, ["active"])["active"]
    assert sample.values.shape == (6, 32, 32, CHANNELS)
    result = dissect(sample, 2)
    assert result.iou[CHANNEL, 1] > 0.95
    assert result.detectors(1)[0] == CHANNEL
    assert result.p[CHANNEL, 1] == pytest.approx(1 / 100)
    others = np.delete(result.iou[:, 1], CHANNEL)
    assert (others < result.iou[CHANNEL, 1]).all()


def test_iou_by_hand():
    # Class 1 at two of six places (one more is void): a channel's two largest values are compared.
    labels = np.array([[[0, 1, 255], [0, 1, 0], [0, 0, 255]]], np.uint8)
    values = np.zeros((1, 3, 3, 3), np.float32)
    values[0, :, :, 0] = [[1, 9, 99], [2, 8, 3], [4, 5, 99]]  # the class itself
    values[0, :, :, 1] = [[1, 9, 0], [8, 2, 3], [4, 5, 0]]  # one of its two places
    values[0, :, :, 2] = 7  # the same everywhere: not active anywhere
    result = dissect(LayerSample(values, labels), 3, shifts=20)
    np.testing.assert_allclose(result.iou[:, 1], [1, 1 / 3, 0])
    np.testing.assert_allclose(result.share, [5 / 7, 2 / 7, 0])
    assert np.isnan(result.iou[:, 2]).all()  # it does not occur
    assert result.detectors(2) == []


def test_channels_without_meaning_are_no_detectors():
    rng = np.random.default_rng(0)
    labels = np.stack([scene(seed)[1][::2, ::2] for seed in range(4)])
    values = rng.normal(size=(*labels.shape, 40)).astype(np.float32)
    result = dissect(LayerSample(values, labels), 2)
    assert np.median(result.p) > 0.2
    assert (result.p >= 1 / 100).all()


def test_p_values_hold_their_level():
    """Of many layers without any detector at most about 5 % have one of p ≤ 0.05."""
    rng = np.random.default_rng(1)
    labels = np.stack([scene(seed)[1][::4, ::4] for seed in range(3)])
    alarms = sum(
        (dissect(LayerSample(rng.normal(size=(*labels.shape, 5)), labels), 2, shifts=39).p[:, 1]
         <= 0.05).any()
        for _ in range(100)
    )  # fmt: skip
    assert alarms <= 12  # binomial of 100 and 0.05: above 12 in 1 of 1,000 cases


def test_no_images_and_no_maps_are_refused():
    with pytest.raises(ModelError, match="no labelled image"):
        sample_layers(planted_network(), planted_card(), [], ["active"])
    pixels, labels = scene(0)
    with pytest.raises(ModelError, match="no layer 'nothing'"):
        sample_layers(planted_network(), planted_card(), [(raster(pixels), labels)], ["nothing"])
