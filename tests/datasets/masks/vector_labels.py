"""Images and files of polygons for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from rasterio.transform import from_origin

from core.classes import VOID
from core.datasets.dataset import Dataset

SIDE, WEST, NORTH = 32, 325_000.0, 2_790_000.0
UTM = "EPSG:32640"
GRID = from_origin(WEST, NORTH, 1, 1)


def box(x: int, y: int, size: int = 8) -> Any:
    """A square of the image, from its pixels."""
    return shapely.box(WEST + x, NORTH - y - size, WEST + x + size, NORTH - y)


ROAD, ROOF, ALL = box(2, 2), box(20, 20), box(0, 0, SIDE)


def image(root: Path, name: str = "a") -> Path:
    path = root / f"images/{name}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", crs=UTM, transform=GRID, **profile) as file:
        file.write(np.full((1, SIDE, SIDE), 7, np.uint8))
    return root


def package(root: Path, layers: dict[str, list[Any]], values: Any = None, **options: Any) -> Path:
    """An image and a GeoPackage with these layers, whose attribute `class` is the layer's name."""
    path = image(root) / "labels/a.gpkg"
    path.parent.mkdir(exist_ok=True)
    for name, shapes in layers.items():
        texts = [name] * len(shapes) if values is None else values
        pyogrio.raw.write(
            path,
            np.array([shapely.to_wkb(shape) for shape in shapes], object),
            [np.array(texts)],
            ["class"],
            layer=name,
            driver="GPKG",
            geometry_type=shapes[0].geom_type,
            append=path.exists(),
            **({"crs": UTM} | options),
        )
    return root


def features(*pairs: tuple[Any, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": "Feature", "properties": p, "geometry": shapely.geometry.mapping(g)}
        for g, p in pairs
    ]


def geojson(root: Path, listed: list[dict[str, Any]], crs: bool = True) -> Path:
    path = image(root) / "labels/a.geojson"
    path.parent.mkdir(exist_ok=True)
    content: dict[str, Any] = {"type": "FeatureCollection", "features": listed}
    if crs:
        name = "urn:ogc:def:crs:EPSG::32640"
        content["crs"] = {"type": "name", "properties": {"name": name}}
    path.write_text(json.dumps(content))
    return root


def table(root: Path, *names: str, **more: Any) -> Path:
    content = {"classes": [{"name": name} for name in names]} | more
    (root / "classes.json").write_text(json.dumps(content))
    return root


def counts(dataset: Dataset) -> dict[str, int]:
    pixels = np.bincount(dataset.load_labels(dataset.samples[0]).ravel(), minlength=256)
    used = {name: int(pixels[label]) for label, name in enumerate(dataset.classes.names)}
    return used | ({"void": int(pixels[VOID])} if pixels[VOID] else {})


AREA = SIDE * SIDE
