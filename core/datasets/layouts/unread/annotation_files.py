"""Annotations in other forms than masks: which they are, and how masks are made of them."""

from __future__ import annotations

import re
from pathlib import Path

from core.datasets.layouts.unread.contents import folders_below
from core.datasets.layouts.unread.form import Unread

__all__ = ["find_annotations"]

_FOLDERS, _FILES = 500, 4  # folders that are looked into, and files of a kind that are opened
_HEAD = 64 * 1024
_YOLO = re.compile(r"\d+( -?\d*\.?\d+(e-?\d+)?){4,}\s*", re.IGNORECASE)
_IN_TOOL = (
    "export the set from the annotation tool as masks (CVAT: `Segmentation mask`, Roboflow: "
    "`Semantic Segmentation Masks`, Label Studio: `PNG`)"
)


def find_annotations(root: Path) -> list[Unread]:
    """Annotation files below a folder that are read by no layout: COCO, labelme, YOLO, Pascal VOC
    boxes, shapefiles. One entry a form; some files of each ending are opened.
    """
    forms: dict[str, Unread] = {}
    opened: dict[str, int] = {}
    files = (place / name for place, names in folders_below(root, _FOLDERS) for name in names)
    for path in files:
        ending = path.suffix.lower()
        if ending not in (".json", ".txt", ".xml", ".shp") or opened.get(ending, 0) >= _FILES:
            continue
        opened[ending] = opened.get(ending, 0) + 1
        form = _form(path, ending)
        if form and form not in forms:
            forms[form] = _described(form, path.relative_to(root).as_posix())
    return list(forms.values())


def _form(path: Path, ending: str) -> str:
    if ending == ".shp":
        return "shapefile"
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).decode("utf-8", errors="replace")
            # COCO's writers put a long list first, and the other keys at the end.
            file.seek(max(0, path.stat().st_size - _HEAD))
            head += file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    if ending == ".json":
        if '"shapes"' in head and '"imagePath"' in head:
            return "labelme"
        coco = sum(f'"{key}"' in head for key in ("images", "annotations", "categories"))
        return "coco" if coco >= 2 or '"segmentation"' in head else ""
    if ending == ".xml":
        return "voc" if "<annotation" in head and "<object>" in head else ""
    lines = [line for line in head.splitlines()[:20] if line.strip()]
    if not lines or not all(_YOLO.fullmatch(line.strip()) for line in lines):
        return ""
    return "yolo boxes" if all(len(line.split()) == 5 for line in lines) else "yolo"


def _described(form: str, name: str) -> Unread:
    layer = Path(name).with_suffix(".geojson").as_posix()
    return {
        "coco": Unread(
            f"{name} holds COCO annotations",
            f"{_IN_TOOL}, or paint them with pycocotools: "
            f"`mask[COCO({name!r}).annToMask(annotation) > 0] = annotation['category_id']`, saved "
            "as `masks/NAME.png`",
        ),
        "labelme": Unread(
            f"{name} holds labelme polygons",
            "convert them with labelme's script: `python labelme2voc.py FOLDER OUT --labels "
            "labels.txt`; its JPEGImages and SegmentationClass are read as they are",
        ),
        "yolo": Unread(
            f"{name} holds YOLO polygons, corners as shares of the image's size",
            f"{_IN_TOOL}; or fill each line's polygon with its class number into `masks/NAME.png` "
            "(cv2.fillPoly)",
        ),
        "yolo boxes": Unread(
            f"{name} holds YOLO boxes, which say where an object is and not its outline",
            f"outline the objects, and {_IN_TOOL}",
        ),
        "voc": Unread(
            f"{name} holds Pascal VOC boxes, which say where an object is and not its outline",
            f"outline the objects, and {_IN_TOOL}",
        ),
        "shapefile": Unread(
            f"{name} is a shapefile",
            f"convert it: `ogr2ogr -f GeoJSON {layer} {name}`, which is read as labels beside the "
            "georeferenced images",
        ),
    }[form]
