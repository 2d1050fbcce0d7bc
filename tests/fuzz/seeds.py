"""Good files of every kind that is read, small: what the fuzzer breaks."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyogrio
import rasterio
import shapely
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rasterio.warp import transform_geom

from tests.conftest import REAL_DATA

__all__ = [
    "SIDE",
    "annotations",
    "class_tables",
    "images",
    "label_layers",
    "masks",
    "model",
    "sidecars",
    "zips",
]

SIDE = 32
Files = Mapping[str, bytes]
"""Content by the name that the file gets."""

_GEO = {"crs": "EPSG:32640", "transform": from_origin(300_000, 2_800_000, 1, 1)}


def _noise(bands: int, dtype: str, seed: int = 0, side: int = SIDE) -> np.ndarray:
    """(bands, side, side) of smooth noise over most of the dtype's range."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.random((side, side, bands)), (0, 0), 2).reshape(side, side, bands)
    scaled = (noise - noise.min()) / np.ptp(noise)
    top = 1.0 if dtype.startswith("float") else min(np.iinfo(dtype).max, 12_000)
    return np.moveaxis(scaled * top, -1, 0).astype(dtype)


def _tiff(pixels: np.ndarray, points: bool = False, mask: bool = False, **profile: Any) -> bytes:
    bands, height, width = pixels.shape
    profile = {
        **(_GEO if not points else {}),
        **{"count": bands, "height": height, "width": width, "dtype": pixels.dtype},
        **profile,
    }
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        MemoryFile() as memory,
        memory.open(driver="GTiff", **profile) as file,
    ):
        file.write(pixels)
        if mask:
            file.write_mask(np.eye(height, width, dtype=np.uint8) * 255)
        if points:
            corners = ((0, 0, 55.0, 25.0), (0, width, 55.1, 25.0), (height, 0, 55.0, 24.9))
            file.gcps = (
                [GroundControlPoint(*point) for point in corners],
                rasterio.CRS.from_epsg(4326),
            )
        file.close()
        return memory.read()


def _picture(pixels: np.ndarray, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


@cache
def images() -> Files:
    """Images: every driver, dtype, storage and band count told apart; crops of real ones."""
    rgb = np.moveaxis(_noise(3, "uint8"), 0, -1)
    palette = Image.fromarray(rgb).quantize(16)
    indexed = io.BytesIO()
    palette.save(indexed, "PNG")
    turned = Image.Exif()
    turned[0x0112] = 6
    made = {
        "rgb.png": _picture(rgb, "PNG"),
        "alpha.png": _picture(np.dstack([rgb, rgb[..., :1]]), "PNG"),
        "deep.png": bytes(cv2.imencode(".png", _noise(1, "uint16")[0])[1]),
        "palette.png": indexed.getvalue(),
        "rgb.jpg": _picture(rgb, "JPEG"),
        "turned.jpg": _picture(rgb, "JPEG", exif=turned, progressive=True),
        "strips.tif": _tiff(_noise(3, "uint8"), blockysize=8, interleave="pixel"),
        "tiles.tif": _tiff(
            _noise(4, "uint16"),
            tiled=True,
            blockxsize=16,
            blockysize=16,
            compress="deflate",
            nodata=0,
        ),
        "float.tif": _tiff(_noise(2, "float32"), compress="deflate", predictor=3, nodata=np.nan),
        "lzw.tif": _tiff(_noise(3, "uint8"), compress="lzw", predictor=2),
        "jpeg.tif": _tiff(_noise(3, "uint8"), compress="jpeg", photometric="ycbcr"),
        "masked.tif": _tiff(_noise(3, "uint8"), mask=True),
        "points.tif": _tiff(_noise(3, "uint8"), points=True),
        "big.tif": _tiff(_noise(1, "int16"), BIGTIFF="YES"),
        "plain.tif": _tiff(_noise(3, "uint8"), interleave="band"),
    }
    if "JP2OpenJPEG" in rasterio.drivers.raster_driver_extensions().values():
        with MemoryFile() as memory:
            with memory.open(
                driver="JP2OpenJPEG", count=3, height=SIDE, width=SIDE, dtype="uint8"
            ) as file:
                file.write(_noise(3, "uint8"))
            made["rgb.jp2"] = memory.read()
    if REAL_DATA.is_dir():
        tile = cv2.imread(str(REAL_DATA / "dubai/Tile 1/images/image_part_001.jpg"))[:SIDE, :SIDE]
        made["dubai.jpg"] = bytes(cv2.imencode(".jpg", tile)[1])
        with rasterio.open(REAL_DATA / "spacenet/sn6_crops/sar_masked.tif") as sar:
            window = rasterio.windows.Window(60, 60, SIDE, SIDE)
            made["sar.tif"] = _tiff(sar.read(window=window), crs=sar.crs, transform=sar.transform)
    return made


@cache
def masks() -> Files:
    """Masks of 32 × 32, coded in the ways that are read."""
    labels = (np.add.outer(np.arange(SIDE), np.arange(SIDE)) // 8 % 3).astype(np.uint8)
    colors = np.array([(60, 16, 152), (132, 41, 246), (110, 193, 228)], np.uint8)[labels]
    palette = Image.fromarray(labels, "P")
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    indexed = io.BytesIO()
    palette.save(indexed, "PNG")
    return {
        "labels.png": _picture(labels, "PNG"),
        "colors.png": _picture(colors, "PNG"),
        "palette.png": indexed.getvalue(),
        "binary.png": _picture((labels == 1).astype(np.uint8) * 255, "PNG"),
        "soft.jpg": _picture((labels == 1).astype(np.uint8) * 255, "JPEG"),
        "labels.tif": _tiff(labels[None], compress="deflate"),
        "float.tif": _tiff(np.where(labels == 2, np.nan, labels).astype(np.float32)[None]),
        "bits.tif": _tiff((labels == 1).astype(np.uint8)[None], NBITS=1),
    }


@cache
def class_tables() -> Files:
    """Class tables in the forms that are read."""
    names = ("building", "land", "road")
    rows = [{"name": name, "value": i, "color": f"#{i}0{i}0ff"} for i, name in enumerate(names)]
    legend = [{"title": row["name"], "color": row["color"], "shape": "any"} for row in rows]
    csv = "value,name,r,g,b\n" + "".join(f"{i},{n},{i * 9},0,255\n" for i, n in enumerate(names))
    return {
        "classes.json": json.dumps({"classes": rows, "void": [255]}).encode(),
        "classes.json#legend": json.dumps({"classes": legend}).encode(),
        "classes.csv": csv.encode(),
        "classes.txt": "\n".join(names).encode(),
        "labels.txt": "\n".join(("__ignore__", "_background_", *names)).encode(),
    }


@cache
def label_layers() -> Files:
    """Polygons on the grid of the images: GeoJSON, one feature a line, GeoPackage."""
    east, north = _GEO["transform"].c, _GEO["transform"].f
    outlines = [
        shapely.box(east + 4 * i, north - 12, east + 4 * i + 3, north - 2) for i in range(4)
    ]
    outlines.append(shapely.MultiPolygon([shapely.Point(east + 9, north - 20).buffer(4)]))
    kinds = np.array(["roof", "road", "roof", "yard", "road"], object)
    features = [
        {
            "type": "Feature",
            "properties": {"kind": kind},
            "geometry": shapely.geometry.mapping(shape),
        }
        for kind, shape in zip(kinds, outlines, strict=True)
    ]
    # A feature a line is in degrees.
    round_ = [
        {**feature, "geometry": transform_geom("EPSG:32640", "EPSG:4326", feature["geometry"])}
        for feature in features
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32640"}}
    collection = {"type": "FeatureCollection", "crs": crs, "features": features}
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "a.gpkg"
        pyogrio.raw.write(
            package,
            shapely.to_wkb(np.array(outlines)),
            [kinds],
            ["kind"],
            geometry_type="Unknown",
            crs="EPSG:32640",
            driver="GPKG",
        )
        return {
            "a.geojson": json.dumps(collection).encode(),
            "a.geojsonl": "".join(json.dumps(feature) + "\n" for feature in round_).encode(),
            "a.gpkg": package.read_bytes(),
        }


@cache
def sidecars() -> Files:
    """What lies beside ``image.tif``, a TIFF without a grid of its own."""
    aux = """<PAMDataset><SRS>EPSG:32640</SRS><GeoTransform> 3e5, 1, 0, 2.8e6, 0, -1</GeoTransform>
<PAMRasterBand band="1"><NoDataValue>0</NoDataValue>
<ColorInterp>Blue</ColorInterp></PAMRasterBand></PAMDataset>"""
    return {
        "image.tfw": b"1.0\n0.0\n0.0\n-1.0\n300000.5\n2799999.5\n",
        "image.prj": rasterio.CRS.from_epsg(32640).to_wkt().encode(),
        "image.tif.aux.xml": aux.encode(),
        "image.tif.aux.xml#scaled": aux.replace("<NoData", "<Scale>2</Scale><NoData").encode(),
        "image.tif.msk": _tiff(np.full((1, SIDE, SIDE), 255, np.uint8), crs=None, transform=None),
        "image_udm2.tif": _tiff(np.ones((8, SIDE, SIDE), np.uint8)),
    }


@cache
def annotations() -> Files:
    """Annotation files that are named, and not read."""
    box = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [0, 0, 9, 9],
        "segmentation": [[0, 0, 9, 9]],
    }
    coco = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [box], "categories": []}
    shape = {"label": "x", "points": [[0, 0], [9, 9], [0, 9]], "shape_type": "polygon"}
    return {
        "annotations.json": json.dumps(coco).encode(),
        "images/a.json": json.dumps(
            {"version": "5", "shapes": [shape], "imagePath": "a.png"}
        ).encode(),
        "labels/a.txt": b"0 0.5 0.5 0.2 0.2\n",
        "data.yaml": b"names: [a, b]\nnc: 2\n",
    }


@cache
def zips() -> Files:
    """A dataset as ZIP: deflated, stored, with a name that is no UTF-8."""
    made = {}
    for name, method in (
        ("deflated.zip", zipfile.ZIP_DEFLATED),
        ("stored.zip", zipfile.ZIP_STORED),
    ):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for stem in "ab":
                archive.writestr(f"set/images/{stem}.png", images()["rgb.png"])
                archive.writestr(f"set/masks/{stem}.png", masks()["labels.png"])
            archive.writestr("set/classes.txt", class_tables()["classes.txt"])
        made[name] = buffer.getvalue()
    return made


@cache
def model() -> Path:
    """The folder of a small model with random weights; it is there until the process ends."""
    from core.classes import DUBAI_CLASSES
    from core.models.architectures.unet import UNetSpec
    from tests.tiny import save_tiny_model

    folder = Path(tempfile.mkdtemp(prefix="dsi-fuzz-")) / "tiny"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    spec = UNetSpec(classes=len(DUBAI_CLASSES), width=4, depth=1, norm="none")
    save_tiny_model(folder, spec=spec)
    return folder
