"""Images without masks, and masks without images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset
from core.datasets.known_layouts import layout_of
from core.datasets.layouts.unread.annotation_files import find_annotations
from core.datasets.recipes.fixes import Exclude
from core.formats import counted

__all__ = ["partner_problems"]

_ONE_BY_ONE = 3  # of more, with images and masks left over, it is the names' form that is at fault


def partner_problems(dataset: Dataset) -> Iterator[Problem]:
    """Images without a mask, and masks without an image in the folders where masks are looked for.

    One row for the set where both are left over in numbers, or where no image has a mask.
    """
    missing = [sample.id for sample in dataset.samples if sample.mask is None]
    orphans = list(layout_of(dataset).orphans(dataset))
    none = len(missing) == len(dataset.samples)
    if orphans and missing and (none or min(len(orphans), len(missing)) > _ONE_BY_ONE):
        yield _unpaired(dataset, missing, orphans)
        return
    if none:
        fix = "put masks under the images' names into `masks` to train on them"
        annotations = find_annotations(dataset.root)
        detail = f"no sample has a mask: {annotations[0].what}" if annotations else ""
        yield Problem(
            *("missing-mask", "", detail or "no sample has a mask", "warning"),
            annotations[0].remedy if annotations else fix,
        )
    for sample in () if none else missing:
        fix = "add the mask, or leave it: the sample can be predicted but not trained on"
        yield Problem(
            "missing-mask", sample, "there is no mask", "warning", fix, (Exclude(sample),)
        )
    for path in orphans:
        yield Problem(
            "orphan-mask",
            "",
            f"{path.relative_to(dataset.root)} belongs to no image",
            "warning",
            "give it its image's name, add the image, or leave it: it is not used",
        )


def _unpaired(dataset: Dataset, missing: list[str], orphans: list[Path]) -> Problem:
    image, mask = dataset.sample(missing[0]).image, orphans[0]
    same = "as many" if len(missing) == len(orphans) else f"{len(orphans):,}"
    has = "has" if len(missing) == 1 else "have"
    return Problem(
        "unpaired-names",
        "",
        f"{counted(len(missing), 'image')} {has} no mask and {same} masks belong to no image: "
        f"the names do not say which belong together, such as {image.name} and {mask.name}",
        "error" if len(missing) == len(dataset.samples) else "warning",
        f"rename them so that a mask has its image's name, alone or with a word for its role: "
        f"{image.stem}{mask.suffix}, {image.stem}_mask{mask.suffix} or mask_{image.stem}"
        f"{mask.suffix} belongs to {image.name}",
    )
