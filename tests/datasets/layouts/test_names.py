"""Names and trees as people and public sets have them: what is paired, and what is said if not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.datasets.audit.audit import audit
from core.datasets.catalogue import list_datasets, open_dataset, recognise
from core.datasets.layouts.names import folder_meaning, skeleton
from core.datasets.layouts.pairing import find_pairs
from core.datasets.layouts.unread.annotation_files import find_annotations
from core.datasets.layouts.unread.band_files import band_groups
from core.errors import DatasetError
from tests.datasets.layouts.test_readers import put

LABELS = np.array([[0, 1], [1, 2]], np.uint8)
NFC, NFD = "M\u00fcnchen", "Mu\u0308nchen"


def laid_out(root: Path, *names: str) -> Path:
    for name in names:
        if Path(name).suffix in (".json", ".txt", ".csv", ".shp", ".xml"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("{}")
        else:
            put(root / name, LABELS)
    return root


def pairs_of(root: Path) -> dict[str, str]:
    return {
        s.image.relative_to(root).as_posix(): s.mask.relative_to(root).as_posix() if s.mask else ""
        for s in find_pairs(root).samples
    }


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("image_000", "mask_000"),
        ("IMG_000001", "MSK_000001"),
        ("x", "label-x"),
        ("img1", "mask1"),
        ("imgTile7", "maskTile7"),
        ("1040_sat_00", "1040_mask_00"),
        ("x_sat_1", "x_mask_1"),
        ("top_potsdam_2_10_RGB", "top_potsdam_2_10_label"),
        ("top_potsdam_2_10_IRRG", "top_potsdam_2_10_label_noBoundary"),
        ("top_mosaic_09cm_area1", "top_mosaic_09cm_area1"),
        ("g_00_pre_disaster", "g_00_pre_disaster_target"),
        ("Tile_0", "tile_0"),
        ("a1", "a1.png"),
        (NFD, NFC),
        (f"image {NFC}", f"mask {NFD}"),
        ("7", "7_lab"),
    ],
)
def test_pairs_by_name(tmp_path: Path, image: str, mask: str) -> None:
    """Beside a second pair that must not be mixed up with the first."""
    other = "another_99"
    root = laid_out(
        tmp_path,
        *(f"images/{image}.png", f"masks/{mask}.png"),
        *(f"images/{other}.png", f"masks/{other}.png"),
    )
    assert pairs_of(root) == {
        f"images/{image}.png": f"masks/{mask}.png",
        f"images/{other}.png": f"masks/{other}.png",
    }
    assert not find_pairs(root).orphans


@pytest.mark.parametrize(
    ("images", "masks", "expected"),
    [
        # Equal names come first; what differs in case alone is taken only where it is one.
        (["Tile_0", "tile_0"], ["tile_0"], ["", "tile_0"]),
        (["A_1", "a_1"], ["a_1", "A_1"], ["A_1", "a_1"]),
        (["img1", "img10"], ["mask10", "mask1"], ["mask1", "mask10"]),
        (["a_1_2", "a_12"], ["mask_a_12", "mask_a_1_2"], ["mask_a_1_2", "mask_a_12"]),
        (["x_pre", "x_post"], ["x_post_target"], ["", "x_post_target"]),
        (["tokyo_1", "tokyo_2"], ["osaka_1", "osaka_2"], ["", ""]),
        (["img_1", "img_10"], ["mask_001", "mask_010"], ["mask_001", "mask_010"]),
        (["a_1", "a_01"], ["mask_a_001"], ["", ""]),
        # An affix of no known word counts where all masks have it.
        (["7_1", "7_2"], ["7_1_L", "7_2_L"], ["7_1_L", "7_2_L"]),
        (["7_1", "7_2"], ["osm-7_1", "osm-7_2"], ["osm-7_1", "osm-7_2"]),
        (["7_1", "7_2"], ["7_1_L", "7_2_old"], ["", ""]),
        (["7", "8"], ["7_1", "8_1"], ["", ""]),
        (["7", "8"], ["7_15label", "8_15label"], ["7_15label", "8_15label"]),  # GID-15
        (["7_x", "8_x"], ["7_x_L", "8_x_L"], ["7_x_L", "8_x_L"]),
        (["7_x", "8_x"], ["7_L", "8_L"], ["7_L", "8_L"]),
        (["7_x", "8_y"], ["7_L", "8_L"], ["", ""]),
    ],
)
def test_no_other_image_is_taken(
    tmp_path: Path, images: list[str], masks: list[str], expected: list[str]
) -> None:
    laid_out(tmp_path, *(f"images/{i}.png" for i in images), *(f"masks/{m}.png" for m in masks))
    pairs = pairs_of(tmp_path)
    paired = [Path(pairs[f"images/{image}.png"]).stem for image in images]
    assert paired == expected


def test_images_with_an_affix_beside_their_masks(tmp_path: Path) -> None:
    """HLS Burn Scars: all in one folder."""
    laid_out(tmp_path, *(f"T{n}{name}.tif" for n in range(2) for name in ("_merged", ".mask")))
    assert pairs_of(tmp_path) == {f"T{n}_merged.tif": f"T{n}.mask.tif" for n in range(2)}


def test_words_of_the_role_are_left_out() -> None:
    assert skeleton("top_2_10_label_noBoundary", frozenset({"label", "no", "boundary"})) == (
        ("top", "2", "10"),
        3,
    )
    assert skeleton("a_1") != skeleton("a_11")


@pytest.mark.parametrize(
    ("name", "split", "role"),
    [
        ("images_png", "", "image"),
        ("img_dir", "", "image"),
        ("ann_dir", "", "label"),
        ("JPEGImages", "", "image"),
        ("SegmentationClass", "", "label"),
        ("gts_for_participants", "", "label"),
        ("train-label-img", "train", "label"),
        ("trainannot", "train", "label"),
        ("flair_labels_test", "test", "label"),
        ("training_set", "train", ""),
        ("uavid_val", "val", ""),
        ("SegmentationObject", "", ""),
    ],
)
def test_what_a_folder_is(name: str, split: str, role: str) -> None:
    meaning = folder_meaning(name)
    assert meaning is not None
    assert (meaning.split, meaning.role) == (split, role)


@pytest.mark.parametrize(
    "name", ["Rural", "lima_Urban", "AerialImageDataset", "pictures of us", "train_val", "D001"]
)
def test_folders_that_say_nothing(name: str) -> None:
    assert folder_meaning(name) is None


LOVEDA = [
    f"{side}/{place}/{kind}/{place[0]}{side}.png"
    for side in ("Train", "Val")
    for place in ("Rural", "Urban")
    for kind in ("images_png", "masks_png")
]


@pytest.mark.parametrize(
    ("names", "ids", "scenes"),
    [
        (
            [*LOVEDA, "Test/Rural/images_png/t.png"],
            {
                "train/Rural/RTrain": "Rural",
                "train/Urban/UTrain": "Urban",
                "val/Rural/RVal": "Rural",
                "val/Urban/UVal": "Urban",
                "test/Rural/t": "Rural",
            },
            2,
        ),
        (["train/sat/1.png", "train/map/1.png"], {"train/1": "train/1"}, 1),
        (["tiff/train/1.tif", "tiff/train_labels/1.tif"], {"train/1": "train/1"}, 1),
        (
            ["JPEGImages/1.jpg", "SegmentationClass/1.png", "SegmentationObject/1.png"],
            {"1": "1"},
            1,
        ),
        (["VOCdevkit/VOC2012/JPEGImages/1.jpg", "VOCdevkit/VOC2012/SegmentationClass/1.png"],
         {"1": "1"}, 1),
        (["img_dir/train/0.png", "ann_dir/train/0.png"], {"train/0": "train/0"}, 1),
        (["top/a.png", "gts_for_participants/a.png"], {"a": "a"}, 1),
        (["train/x_jpg.rf.a.png", "train/x_jpg.rf.a_mask.png", "train/_classes.csv"],
         {"train/x_jpg.rf.a": "train/x_jpg.rf.a"}, 1),
        (["lima/images/r0.png", "lima/labels/r0.png", "oslo/images/r0.png", "oslo/labels/r0.png"],
         {"lima/r0": "lima", "oslo/r0": "oslo"}, 2),
        (["001/image.png", "001/mask.png", "002/image.png", "002/mask.png"],
         {"001/image": "001", "002/image": "002"}, 2),
        (["f_aerial_train/D1/Z1/img/IMG_1.tif", "f_labels_train/D1/Z1/msk/MSK_1.tif",
          "f_aerial_train/D1/Z2/img/IMG_2.tif", "f_labels_train/D1/Z2/msk/MSK_2.tif"],
         {"train/D1/Z1/IMG_1": "D1/Z1", "train/D1/Z2/IMG_2": "D1/Z2"}, 2),
    ],
)  # fmt: skip
def test_trees_as_shipped(
    tmp_path: Path, names: list[str], ids: dict[str, str], scenes: int
) -> None:
    root = laid_out(tmp_path / "set", *names)
    (root / "train/_classes.csv").unlink(missing_ok=True)
    dataset = open_dataset(root)
    assert {s.id: s.scene for s in dataset.samples} == ids
    assert all(s.mask for s in dataset.samples if "Test" not in str(s.image))
    assert not find_pairs(root).orphans
    assert len(dataset.scenes) == scenes


def test_folders_of_other_names_among_the_images_are_passed_over(tmp_path: Path) -> None:
    root = laid_out(
        tmp_path, "images/a.png", "masks/a.png", "images/unused/b.png", "masks/old/c.png"
    )
    assert pairs_of(root) == {"images/a.png": "masks/a.png"}
    assert not find_pairs(root).orphans


def test_datasets_side_by_side_are_listed_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of datasets is one only when it is named as one, and has no tables of its own."""
    for city in ("lima", "oslo"):
        laid_out(tmp_path / "data", f"{city}/images/0.png", f"{city}/labels/0.png")
    monkeypatch.setenv("DSI_DATA_ROOTS", str(tmp_path / "data"))
    listed = [ref.id for ref in list_datasets() if ref.id.startswith("server/")]
    assert listed == ["server/data/lima", "server/data/oslo"]
    assert recognise(tmp_path / "data") == "pairs"
    for city in ("lima", "oslo"):
        (tmp_path / "data" / city / "classes.json").write_text('["A", "B", "C"]')
    assert recognise(tmp_path / "data") is None


def test_datasets_below_a_folder_that_holds_them_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also three folders below a root, and within one whose name could say the role."""
    root = tmp_path / "store"
    for case in ("lima", "oslo"):
        laid_out(root, f"shipped/input/{case}/images/0.png", f"shipped/input/{case}/masks/0.png")
    laid_out(root, "shipped/input/rome/train/images/0.png", "shipped/input/rome/train/masks/0.png")
    laid_out(root, "a/b/c/images/0.png", "a/b/c/masks/0.png")
    laid_out(root, "a/b/c/d/e/images/0.png", "a/b/c/d/e/masks/0.png")
    # Places within the folders of a split are scenes, and no sets.
    for place in ("Rural", "Urban"):
        laid_out(root, f"love/Train/{place}/images/0.png", f"love/Train/{place}/masks/0.png")
    monkeypatch.setenv("DSI_DATA_ROOTS", str(root))
    listed = [ref.id for ref in list_datasets() if ref.id.startswith("server/")]
    assert listed == [
        "server/store/a/b/c",
        "server/store/love",
        "server/store/shipped/input/lima",
        "server/store/shipped/input/oslo",
        "server/store/shipped/input/rome",
    ]


def test_the_names_of_roboflow(tmp_path: Path) -> None:
    root = laid_out(tmp_path / "set", "train/x.png", "train/x_mask.png")
    table = "Pixel Value, Class\n0, background\n1, building\n2, road\n"
    (root / "train/_classes.csv").write_text(table)
    assert open_dataset(root).classes.names == ("background", "building", "road")


def test_names_that_do_not_pair_are_one_finding(tmp_path: Path) -> None:
    names = [f"{i}{n}.png" for i, n in enumerate(("oak", "elm", "fir", "ash", "yew"))]
    root = laid_out(
        tmp_path,
        *(f"train/images/{name}" for name in names),
        *(f"train/targets/{chr(97 + i)}.png" for i in range(5)),
    )
    problems = [p for p in audit(open_dataset(root)).problems if p.severity != "info"]
    [problem] = [p for p in problems if p.kind in ("unpaired-names", "missing-mask", "orphan-mask")]
    assert problem.kind == "unpaired-names"
    assert "5 images have no mask and as many masks belong to no image" in problem.detail
    assert "0oak.png and a.png" in problem.detail
    assert "0oak_mask.png" in problem.fix
    assert "delete" not in problem.fix


def test_an_unknown_layout_says_what_lies_where(tmp_path: Path) -> None:
    root = laid_out(tmp_path, "before/a.png", "before/b.png", "after/a.png", "notes.txt")
    with pytest.raises(DatasetError) as caught:
        open_dataset(root)
    assert "1 .txt at the top; 1 .png in after; 2 .png in before" in caught.value.what


COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"segmentation": [[0, 0, 1, 0, 1, 1]]}],
        "categories": [{"id": 1, "name": "roof"}],
    }
)
LABELME = json.dumps({"version": "5.4.1", "shapes": [], "imagePath": "a.png", "imageData": None})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("train/_annotations.coco.json", COCO, ("COCO", "annToMask")),
        ("a.json", LABELME, ("labelme", "labelme2voc.py")),
        ("labels/a.txt", "0 0.1 0.1 0.9 0.1 0.9 0.9\n", ("YOLO polygons", "masks")),
        ("labels/a.txt", "0 0.5 0.5 0.2 0.1\n3 0.1 0.1 0.2 0.2\n", ("YOLO boxes", "outline")),
        ("Annotations/a.xml", "<annotation><object></object></annotation>", ("boxes", "outline")),
        ("roofs.shp", "", ("shapefile", "ogr2ogr -f GeoJSON roofs.geojson roofs.shp")),
    ],
)
@pytest.mark.parametrize("folder", ["images", "train"])
def test_annotation_files_are_named_with_the_way_out(
    tmp_path: Path, folder: str, name: str, text: str, said: tuple[str, str]
) -> None:
    """In no known layout, and beside `images`, where the set can be looked at."""
    what, remedy = said
    root = laid_out(tmp_path / "set", f"{folder}/a.png", name)
    (root / name).write_text(text)
    assert len(find_annotations(root)) == 1
    if folder == "images":
        dataset = open_dataset(root)
        assert what in dataset.notes[0].text
        assert remedy in dataset.notes[0].text
        [problem] = [p for p in audit(dataset).problems if p.kind == "missing-mask"]
        assert what in problem.detail
        assert remedy in problem.fix
        return
    with pytest.raises(DatasetError) as caught:
        open_dataset(root)
    assert what in caught.value.what
    assert remedy in str(caught.value.remedy)


BANDS = ("red", "green", "blue", "nir")


@pytest.mark.parametrize(
    ("band", "mask", "said"),
    [
        ("s{n}/{band}.tif", "s{n}/mask.tif", "s0/blue, s0/green, s0/nir, s0/red"),
        ("s{n}/T32_B0{i}_10m.tif", "s{n}/mask.tif", "s0/T32_B00_10m, s0/T32_B01_10m"),
        ("images/s{n}/{band}.tif", "masks/s{n}.tif", "images/s0/blue, images/s0/green"),
        # 38-Cloud
        ("train_{band}/{band}_p_{n}.tif", "train_gt/gt_p_{n}.tif", "train_blue/blue_p_0, train_"),
    ],
)
def test_bands_in_files_of_their_own_are_named(
    tmp_path: Path, band: str, mask: str, said: str
) -> None:
    """In no known layout, and below `images`, where pictures of other names are passed over."""
    files = [band.format(n=n, band=b, i=i) for n in range(3) for i, b in enumerate(BANDS)]
    root = laid_out(tmp_path / "set", *files, *(mask.format(n=n) for n in range(3)))
    with pytest.raises(DatasetError) as caught:
        open_dataset(root)
    assert f"12 pictures look like the bands of 3, such as {said}" in caught.value.what
    assert "gdal_merge.py -separate -o images/" in str(caught.value.remedy)


def test_bands_side_by_side_are_one_finding(tmp_path: Path) -> None:
    files = [f"images/s{n}_{band}.tif" for n in range(3) for band in BANDS]
    root = laid_out(tmp_path, *files, *(f"masks/s{n}.tif" for n in range(3)))
    kinds = [p.kind for p in audit(open_dataset(root)).problems if p.severity == "error"]
    assert kinds == ["band-files"]


def test_what_are_no_bands() -> None:
    assert not band_groups(["B1_north", "B2_north", "green", "village_1", "village_2"])
    assert band_groups(["LC08_SR_B2", "LC08_SR_B3"]) == {"LC08": ["LC08_SR_B2", "LC08_SR_B3"]}


def test_what_is_no_annotation(tmp_path: Path) -> None:
    laid_out(tmp_path, "images/a.png", "readme.txt", "meta.json")
    (tmp_path / "readme.txt").write_text("12 images of Oslo\n")
    (tmp_path / "meta.json").write_text('{"type": "FeatureCollection", "features": []}')
    assert not find_annotations(tmp_path)
