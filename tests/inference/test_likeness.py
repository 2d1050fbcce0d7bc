"""Whether an image is like those a model was trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.imagery.header import HeaderNote
from core.imagery.normalise import Normalisation
from core.imagery.raster import Raster, read_raster
from core.inference.likeness import differences
from core.models.model_input import ModelInput
from core.models.store import find_model, read_card
from core.models.training_imagery import TrainingImagery
from tests.imagery.test_raster import tiff

RNG = np.random.default_rng(16)
REFLECTANCE = np.array([0.05, 0.07, 0.06, 0.26])
SPREAD = np.array([0.03, 0.03, 0.04, 0.09])


def scene(factor: float = 1, dtype: Any = np.float32, **profile: Any) -> Raster:
    """A picture of four bands with the reflectance of a landscape, times `factor`."""
    field = RNG.normal(0, 1, (60, 60, 4)) * SPREAD + REFLECTANCE
    return read_raster(tiff((np.abs(field) * factor).astype(dtype), **profile))


def trained_on(*rasters: Raster, bands: tuple[int, ...] = (), **settings: Any) -> ModelInput:
    chosen = list(bands) or list(range(rasters[0].pixels.shape[-1]))
    imagery = TrainingImagery.of(
        ((raster.pixels[..., chosen], raster.valid) for raster in rasters),
        [raster.header for raster in rasters],
        bands,
    )
    assert imagery is not None
    return ModelInput(len(chosen), Normalisation(), 4, imagery=imagery, bands=bands, **settings)


def kinds(model_input: ModelInput, raster: Raster) -> list[str]:
    return [difference.kind for difference in differences(model_input, raster)]


def picture(*order: int, tags: tuple[str, ...], size: int = 60) -> Raster:
    """8-bit bands in some order, with GDAL's colour interpretation."""
    from rasterio.enums import ColorInterp
    from rasterio.io import MemoryFile

    base = RNG.integers(0, 256, (size, size, 3), np.uint8)[..., list(order)]
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=size,
            height=size,
            count=3,
            dtype="uint8",
            photometric="MINISBLACK",
        ) as file:
            file.colorinterp = [ColorInterp[tag] for tag in tags]
            file.write(np.moveaxis(base, -1, 0))
        return read_raster(bytes(memory.read()))


def test_digital_numbers_for_a_model_of_reflectance() -> None:
    model = trained_on(scene(), scene())
    assert kinds(model, scene()) == []
    (difference,) = differences(model, scene(10000))
    assert str(difference).startswith("the values lie 1e4 deviations from those the model was")
    assert "(band 1: 5" in difference.what
    assert "another scaling? Bring them to the scale of the training images" in str(difference)


@pytest.mark.parametrize("factor", [1e-4, 0.01, 16, 255])
def test_other_scalings_either_way(factor: float) -> None:
    assert kinds(trained_on(scene(1000)), scene(1000 * factor)) == ["values"]


@pytest.mark.parametrize("factor", [0.4, 0.8, 1.5, 2.5])
def test_other_light_is_no_other_scaling(factor: float) -> None:
    assert kinds(trained_on(scene(1000)), scene(1000 * factor)) == []


def test_linear_power_for_a_model_of_decibels() -> None:
    decibels = RNG.normal(-12, 5, (60, 60, 2)).astype(np.float32)
    model = trained_on(read_raster(tiff(decibels)))
    assert kinds(model, read_raster(tiff(decibels + 2))) == []
    assert kinds(model, read_raster(tiff(10 ** (decibels / 10)))) == ["values"]


def test_cards_of_before_compare_with_their_normalisation() -> None:
    standard = Normalisation(
        kind="standard", divisor=1.0, mean=tuple(REFLECTANCE), std=tuple(SPREAD)
    )
    stretched = Normalisation(kind="percentile", divisor=1, low=(0.0,) * 4, high=(0.2,) * 4)
    for normalisation in (standard, stretched):
        model = ModelInput(4, normalisation, 4)
        assert kinds(model, scene()) == []
        assert kinds(model, scene(10000)) == ["values"]
    # ImageNet's statistics are of other images, and a unit scale has none.
    assert kinds(ModelInput(4, Normalisation(divisor=1), 4), scene(10000)) == []


def test_a_constant_band_of_the_training_is_no_measure() -> None:
    raster = scene(1000)
    flat = replace(raster, pixels=raster.pixels.copy())
    flat.pixels[..., 3] = 7
    model = trained_on(flat)
    other = replace(flat, pixels=flat.pixels.copy())
    other.pixels[..., 3] = 9
    assert kinds(model, other) == []


def test_pixel_size() -> None:
    from rasterio.transform import from_origin

    def located(side: float) -> Raster:
        return scene(transform=from_origin(5e5, 4e6, side, side))

    model = trained_on(located(10), located(12))
    assert kinds(model, located(10)) == kinds(model, located(16)) == []
    (difference,) = differences(model, located(0.5))
    assert difference.what == "a pixel is 0.5 m wide, and 10 m to 12 m in the training images"
    assert difference.remedy.startswith("resample the image to 10 m")
    assert kinds(model, located(30)) == ["pixel size"]
    assert kinds(model, scene(crs=None, transform=None)) == []  # without a place on Earth
    assert kinds(ModelInput(4, Normalisation(), 4), located(0.5)) == []


def test_blue_green_red_for_a_model_of_pictures() -> None:
    model = ModelInput(3, Normalisation(), 4, dtype="uint8")
    assert kinds(model, picture(0, 1, 2, tags=("red", "green", "blue"))) == []
    assert kinds(model, picture(0, 1, 2, tags=("gray", "undefined", "undefined"))) == []
    (difference,) = differences(model, picture(2, 1, 0, tags=("blue", "green", "red")))
    assert difference.what == (
        "the bands are blue, green, red while the model takes red, green, blue"
    )
    assert "gdal_translate -b 3 -b 2 -b 1" in difference.remedy


def test_the_order_of_the_training_counts() -> None:
    swapped = ("blue", "green", "red")
    model = trained_on(picture(2, 1, 0, tags=swapped), dtype="uint8")
    assert kinds(model, picture(2, 1, 0, tags=swapped)) == []
    assert kinds(model, picture(0, 1, 2, tags=("red", "green", "blue"))) == ["bands"]
    # Its training images contradict each other: nothing is known.
    mixed = trained_on(
        picture(2, 1, 0, tags=swapped), picture(0, 1, 2, tags=("red", "green", "blue"))
    )
    assert kinds(mixed, picture(0, 1, 2, tags=("red", "green", "blue"))) == []


def test_band_names_count_where_colours_are_not_tagged() -> None:
    def named(*names: str) -> Raster:
        raster = scene()
        return replace(raster, header=replace(raster.header, band_names=names))

    model = trained_on(named("Blue", "green", "red", "NIR"))
    assert kinds(model, named("blue", "green", "red", "nir")) == []
    assert kinds(model, named("red", "green", "blue", "nir")) == ["bands"]
    assert kinds(model, named("B02", "B03", "B04", "B08")) == []  # the same by other names
    assert kinds(model, named("", "", "", "")) == []
    model = trained_on(named("B02", "B03", "B04", "B08"), bands=(2, 1, 0), file_bands=4)
    assert kinds(model, named("B02", "B03", "B04", "B08")) == []
    assert kinds(model, named("B04", "B03", "B02", "B08")) == ["bands"]


def test_share_without_data() -> None:
    raster = scene()
    empty = replace(raster, valid=np.zeros_like(raster.valid))
    part = replace(raster, valid=np.arange(3600).reshape(60, 60) < 1080)
    assert kinds(trained_on(raster), part) == ["no data"]
    assert "70.0% of the pixels have no data" in differences(trained_on(raster), part)[0].what
    assert kinds(trained_on(raster, part), part) == []
    assert kinds(ModelInput(4, Normalisation(), 4), part) == []
    assert kinds(trained_on(part), empty) == ["no data"]


def test_names_count_before_what_gdal_calls_the_bands_of_8_bit() -> None:
    def named(*names: str) -> Raster:
        raster = scene()
        tagged = ("red", "green", "blue", "alpha")
        header = replace(raster.header, band_names=names, color_interpretation=tagged)
        return replace(raster, header=header)

    model = trained_on(named("red", "green", "blue", "nir"))
    assert kinds(model, named("red", "green", "blue", "nir")) == []
    assert kinds(model, named("blue", "green", "red", "nir")) == ["bands"]


def test_notes_of_the_file_come_first() -> None:
    raster = scene()
    note = HeaderNote("the grid is bent", "warp it")
    bent = replace(raster, header=replace(raster.header, notes=(note,)))
    assert kinds(trained_on(raster), bent) == ["file"]


def test_an_image_of_other_bands_is_left_to_the_models_input() -> None:
    assert differences(ModelInput(3, Normalisation(), 4), scene(10000)) == []


def test_harmless_pictures_raise_no_warning(real_data: Any, demo_dataset: Any) -> None:
    model = ModelInput.of_card(read_card(find_model("dubai-unet").folder))
    pictures = sorted(real_data.glob("dubai/*/images/*.jpg"))[::8]
    for path in [*pictures, *sorted(demo_dataset.rglob("*.jpg"))[:4]]:
        assert differences(model, read_raster(path)) == [], path


def test_an_image_without_any_data_has_no_statistics() -> None:
    raster = scene()
    assert TrainingImagery.of([(raster.pixels, np.zeros_like(raster.valid))]) is None


def _flat_scene(mean: float, std: float) -> Raster:
    pixels = np.clip(np.round(RNG.normal(mean, std, (64, 64, 3))), 0, 255)
    return read_raster(tiff(pixels.astype(np.uint8)))


@pytest.mark.parametrize("odd", [(200, 10), (30, 0.4)])
def test_no_image_of_the_training_is_unlike_the_training(odd: tuple[float, float]) -> None:
    """Eleven dark images and one of snow; eleven of land and one of a calm lake."""
    rasters = [_flat_scene(50, 10) if odd[0] == 200 else _flat_scene(100, 25) for _ in range(11)]
    rasters.append(_flat_scene(*odd))
    model_input = trained_on(*rasters)
    assert [kinds(model_input, raster) for raster in rasters] == [[]] * 12
    without = trained_on(*rasters[:11])
    assert kinds(without, rasters[-1]) == ["values"]


def test_values_beyond_those_of_all_images_are_still_named() -> None:
    model_input = trained_on(*(_flat_scene(50, 10) for _ in range(11)), _flat_scene(200, 10))
    bright = read_raster(tiff((RNG.random((64, 64, 3)) * 5000).astype(np.uint16)))
    assert kinds(model_input, bright) == ["values"]
    assert kinds(model_input, read_raster(tiff(np.full((64, 64, 3), 255, np.uint8)))) == ["values"]


@pytest.mark.parametrize(("odd", "way"), [((13, 4), "darkest"), ((235, 8), "brightest")])
def test_a_scaling_that_no_image_of_the_training_had_is_named(
    odd: tuple[float, float], way: str
) -> None:
    """A tenth of the values of a town lies within two deviations of the training's mean."""
    rasters = [_flat_scene(mean, 40) for mean in (40, 90, 130, 200)]
    model_input = trained_on(*rasters)
    assert [kinds(model_input, raster) for raster in rasters] == [[]] * 4
    (difference,) = differences(model_input, _flat_scene(*odd))
    assert difference.kind == "values"
    assert f"the {way} image the model was trained on has a mean of" in difference.what
    # Another light of the same place is none.
    assert kinds(model_input, _flat_scene(130 * 0.4, 40 * 0.4)) == []


def test_cards_without_the_spread_between_images_are_read() -> None:
    model_input = trained_on(_flat_scene(50, 10))
    imagery = model_input.imagery
    assert imagery is not None and len(imagery.means) == len(imagery.least_std) == 3
    older = imagery.model_dump(exclude={"means", "least_std"})
    read = TrainingImagery.model_validate(older)
    assert read.means == read.least_std == ()
    assert kinds(replace(model_input, imagery=read), _flat_scene(200, 10)) == ["values"]
    again = TrainingImagery.model_validate_json(imagery.model_dump_json())
    assert again == imagery
