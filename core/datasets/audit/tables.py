"""What is wrong with a dataset's classes: the list, the colours, and how much there is of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from core.classes import LandClass, pack_color
from core.datasets.audit.facts import Reading
from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset
from core.datasets.known_layouts import layout_of
from core.datasets.masks.soft_masks import pixels_near, tolerance_of
from core.datasets.recipes.fixes import Exclude, Oversample, ReadNearest
from core.formats import rough_percent

__all__ = ["balance_problems", "soft_value_problems", "table_problems", "void_colour_problems"]

_UNDOCUMENTED = 0.01  # share of an undocumented void colour from which it is more than a remark
_RARE = 0.01  # share of the labelled pixels below which a class is rare
_SOFT = 9  # unknown values from which they are looked at together
_HIDDEN = 0.001  # below which it is hardly ever seen


def void_colour_problems(dataset: Dataset, readings: Sequence[Reading]) -> Iterator[Problem]:
    """Colours that are read as void though no class list of the dataset names them."""
    listed_colors = layout_of(dataset).listed_colors
    if listed_colors is None:
        return  # the void colours come from the dataset's own classes.json
    documented = set(listed_colors(dataset.root).values()) | {"#9B9B9B"}
    for name, rgb in dataset.coding.void_colors.items():
        color = "#{:02X}{:02X}{:02X}".format(*rgb)
        if color in documented:
            continue
        matches = [(r.facts, r.void_colors[name]) for r in readings if name in r.void_colors]
        total = sum(count for _, (count, _) in matches)
        if not total:
            continue
        by_scene = Counter[str]()
        for facts, (count, _) in matches:
            by_scene[facts.scene] += count
        scene, most = by_scene.most_common(1)[0]
        everything = sum(r.facts.width * r.facts.height for r in readings)
        yield Problem(
            "void-colour",
            "",
            f"{total:,} pixels ({rough_percent(total / max(1, everything))}) are {name} {color}, "
            f"which is in no class list: {rough_percent(most / total)} of them in {scene}",
            "info",
            "nothing: they count as void and are left out of training and scores",
        )
        for facts, (count, window) in matches:
            share = count / max(1, facts.width * facts.height)
            many = share >= _UNDOCUMENTED
            yield Problem(
                "void-colour",
                facts.id,
                f"{count:,} pixels ({rough_percent(share)}) are {name} {color}, not documented",
                "warning" if many else "info",
                "look at them in the gallery: label them, or leave them as void",
                (Exclude(facts.id),) if many else (),
                window,
                values=(color,),
            )


def table_problems(dataset: Dataset, readings: Sequence[Reading]) -> Iterator[Problem]:
    """Whether the class list and what the masks are really painted in agree."""
    used, unknown = Counter[str](), Counter[str]()
    for reading in readings:
        used.update(reading.facts.pixels_per_class)
        unknown.update(reading.unknown)
    if not used.total() and not unknown.total():
        return
    yield from _wrong_class_file(dataset, used, unknown)
    absent = [land_class for land_class in dataset.classes.classes if not used[land_class.name]]
    if absent and unknown and dataset.coding.kind == "color":
        common = ", ".join(f"{name} ({count:,} px)" for name, count in unknown.most_common(5))
        yield Problem(
            "class-table",
            "",
            f"the masks have no pixel of {_named(absent)}, and have colours that the class table "
            f"does not: {common}",
            "error",
            "correct the colours in classes.json to those in the masks",
        )
    elif absent:
        yield Problem(
            "unused-class",
            "",
            f"the masks have no pixel of {_named(absent)}",
            "info",
            "nothing to learn there: remove the class, or add samples that show it",
        )


def soft_value_problems(dataset: Dataset, readings: Sequence[Reading]) -> tuple[Problem, ...]:
    """One finding where the masks' unknown values are near those of classes, none elsewhere."""
    coding = dataset.coding
    if coding.kind == "footprints":
        return ()
    unknown, masks = Counter[float](), 0
    color = coding.kind == "color"
    for reading in readings:
        masks += bool(reading.unknown)
        for name, count in reading.unknown.items():
            unknown[int(name[1:], 16) if color else float(name.rpartition(" ")[2])] += count
    if len(unknown) < _SOFT:
        return ()
    colors = (*dataset.classes.colors, *coding.void_colors.values())
    listed = [*map(pack_color, colors)] if color else [*coding.values]
    tolerance = tolerance_of(listed, unknown, color)
    if not tolerance:
        return ()
    near = pixels_near(listed, unknown, color, tolerance)
    rest = unknown.total() - near
    words = f"{rough_percent(near / unknown.total())} of them" if rest else "all of them"
    action = ReadNearest(tolerance, others=rest > 0)
    detail = (
        f"{len(unknown):,} {'colours' if color else 'values'} outside the class table in "
        f"{unknown.total():,} pixels of {masks:,} masks; {words} within {tolerance:g} of a class"
    )
    fix = (
        "JPEG and smoothing make such values: read them as the nearest class "
        f"(recipe.mask_tolerance={tolerance:g}), or export the masks as PNG, unsmoothed"
    )
    return (Problem("unknown-colour", "", detail, "error", fix, (action,)),)


def _wrong_class_file(
    dataset: Dataset, used: Counter[str], unknown: Counter[str]
) -> Iterator[Problem]:
    """A class list that came with the set, whose colours are in no mask."""
    listed_colors = layout_of(dataset).listed_colors
    if listed_colors is None:
        return
    listed = listed_colors(dataset.root)
    wrong = [
        f"{land_class.name} {listed[land_class.name]} "
        f"(masks: {land_class.color}, {used[land_class.name]:,} px)"
        for land_class in dataset.classes.classes
        if used[land_class.name]
        and listed.get(land_class.name, land_class.color) != land_class.color
        and not unknown[listed[land_class.name]]
    ]
    if wrong:
        yield Problem(
            "class-table",
            "",
            f"classes.json gives colours that are in no mask: {', '.join(wrong)}",
            "warning",
            "nothing here: the masks' own colours are used; correct the file before using it in "
            "other programs",
        )


def balance_problems(dataset: Dataset, readings: Sequence[Reading]) -> Iterator[Problem]:
    """Classes of which there is hardly anything; those without any pixel are told elsewhere."""
    used = Counter[str]()
    samples = Counter[str]()
    for reading in readings:
        used.update(reading.facts.pixels_per_class)
        samples.update(name for name, count in reading.facts.pixels_per_class.items() if count)
    total = used.total()
    rare = [n for n in dataset.classes.names if 0 < used[n] < _RARE * total]
    if not rare:
        return
    most = max(dataset.classes.names, key=lambda name: used[name])
    listed = ", ".join(
        f"{n} {rough_percent(used[n] / total)} (in {samples[n]:,} samples)"
        for n in sorted(rare, key=lambda name: used[name])
    )
    scarce = any(used[n] < _HIDDEN * total for n in rare)
    yield Problem(
        "class-imbalance",
        "",
        f"there is hardly anything of {listed}; {most} has {rough_percent(used[most] / total)}",
        "warning",
        "draw more crops where rare classes are, and choose a loss that weighs classes (dice, "
        "focal)" + ("; of so few pixels little can be learnt: add samples" if scarce else ""),
        (Oversample(),),
    )


def _named(classes: Sequence[LandClass]) -> str:
    return ", ".join(f"{land_class.name} {land_class.color}" for land_class in classes)
