"""The command line: ``python -m core COMMAND``.

stdout carries the answer alone, stderr progress and the one line of an error. Exit codes: 0, 1 for
what a user can cause, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.cli.terminal import bar, percent, print_json, score, table
from core.cli.train import train_command
from core.errors import ConfigError, DSIError

__all__ = ["main", "parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except DSIError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except MemoryError:
        print("error: there is not enough memory, try a smaller image or size", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted, files that were begun are not kept", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough; what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The argument parser of every command."""
    top = argparse.ArgumentParser(
        prog="python -m core", description="Semantic segmentation of satellite imagery."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Any], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=run)
        return added

    c = command("demo", _demo, "write a generated dataset")
    c.add_argument("dir", metavar="DIR", type=Path)
    c.add_argument("--layout", choices=["dubai", "spacenet6"], default="dubai")
    c.add_argument(
        "--scenes",
        type=_count,
        default=4,
        metavar="N",
        help="mosaics of 4 parts each, or places seen by 3 passes each",
    )
    c.add_argument(
        "--size",
        type=_count,
        metavar="PX",
        help="side of a part, by default 512, or of a tile, by default 900",
    )
    c.add_argument("--seed", type=_seed, default=0, metavar="S")

    c = command("audit", _audit, "inspect a dataset and list its problems")
    c.add_argument("dataset", metavar="DATASET")
    c.add_argument(
        "--product",
        default="",
        metavar="NAME",
        help="of a dataset with several kinds of images, such as PS-RGB; by default the first",
    )
    c.add_argument("--json", action="store_true")

    c = command("train", train_command, "train a model")
    c.add_argument("--dataset", metavar="DATASET", help="folder or name; needed unless --resume")
    c.add_argument("--recipe", type=Path, metavar="FILE")
    c.add_argument("--config", type=Path, metavar="FILE")
    c.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    c.add_argument("--run", metavar="NAME", help="name of the run and of its model")
    c.add_argument("--resume", action="store_true", help="continue the run --run names")
    c.add_argument(
        "--find-learning-rate",
        action="store_true",
        help="train nothing, but try rates for 100 steps and print where the loss falls steepest",
    )
    c.set_defaults(wrong=c.error)

    c = command("evaluate", _evaluate, "score a model on whole images")
    c.add_argument("--model", required=True, metavar="MODEL")
    c.add_argument("--dataset", required=True, metavar="DATASET")
    c.add_argument("--split", choices=["all", "train", "val", "test"], default="all")
    c.add_argument("--json", action="store_true")

    c = command("predict", _predict, "map images of any size")
    c.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    c.add_argument("--model", required=True, metavar="MODEL")
    c.add_argument("--out", required=True, type=Path, metavar="DIR")
    c.add_argument("--overlap", type=_overlap, default=0.25, metavar="F", help="0 to 0.75")
    c.add_argument("--tta", action="store_true", help="average over flips and quarter turns")
    c.add_argument("--polygons", action="store_true", help="also write GeoJSON")
    c.add_argument("--probabilities", action="store_true", help="also write class probabilities")

    c = command("activations", _activations, "write feature maps of a model's layers")
    c.add_argument("image", metavar="IMAGE", type=Path)
    c.add_argument("--model", required=True, metavar="MODEL")
    c.add_argument("--out", required=True, type=Path, metavar="DIR")
    c.add_argument("--layer", action="append", metavar="NAME", dest="layers")

    c = command("architectures", _architectures, "list the networks that can be trained")
    c.add_argument("--bands", type=_count, default=3, metavar="N", help="of the images; 3")
    c.add_argument("--classes", type=_count, default=5, metavar="K", help="of the masks; 5")
    c.add_argument("--json", action="store_true")

    for name, run, text in (
        ("datasets", _datasets, "list the datasets of the workspace and the server's folders"),
        ("models", _models, "list the models that can be used"),
        ("runs", _runs, "list the trainings"),
    ):
        command(name, run, text).add_argument("--json", action="store_true")
    return top


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, received {text}")
    return value


def _overlap(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 0.75:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to 0.75, received {text}")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected a number from 0, received {text}")
    return value


def _demo(options: Any) -> None:
    from core.datasets.synthetic.dubai import write_demo
    from core.datasets.synthetic.spacenet6 import write_spacenet6

    write = write_spacenet6 if options.layout == "spacenet6" else write_demo
    # Without it, each layout has its own.
    size = {} if options.size is None else {"size": options.size}
    with bar("writing scenes", "tile") as progress:
        format_problems = write(
            options.dir, scenes=options.scenes, seed=options.seed, progress=progress, **size
        )
    print(format_problems)


def _audit(options: Any) -> None:
    from core.datasets.audit.audit import audit
    from core.datasets.audit.report import format_problems
    from core.datasets.catalogue import find_dataset

    dataset = find_dataset(options.dataset, options.product)
    with bar("auditing", "sample") as progress:
        found = audit(dataset, progress=progress)
    report = found.to_json()
    if options.json:
        print_json(report)
        return
    total = sum(report["pixels_per_class"].values())
    print(f"{report['layout']} layout, {report['samples']} samples in {report['scenes']} scenes")
    rows = [
        (n, f"{p:,}", percent(p / total if total else None))
        for n, p in report["pixels_per_class"].items()
    ]
    table([*rows, ("void", f"{report['void_pixels']:,}", "")], ("class", "pixels", "share"))
    print(f"\n{len(found.problems)} problem(s)")
    if found.problems:
        print("\n" + format_problems(found.problems, shutil.get_terminal_size((100, 24)).columns))


def _predictor(name: str, **settings: Any) -> tuple[Any, Any, str]:
    from core.inference.predictor import Predictor
    from core.models.store import find_model, load_model

    ref = find_model(name)
    model, card = load_model(ref.folder)
    return Predictor.of_card(model, card, **settings), card, ref.name


def _evaluate(options: Any) -> None:
    from core.datasets.catalogue import find_dataset
    from core.evaluation.evaluate import apply_card_recipe, evaluate, samples_of_split
    from core.models.store import find_model, read_card

    # Whatever is wrong with the names is said before TensorFlow is loaded.
    card = read_card(find_model(options.model).folder)
    dataset = apply_card_recipe(find_dataset(options.dataset), card)
    samples = samples_of_split(dataset, card, options.split)
    predictor, card, name = _predictor(options.model)
    with bar("evaluating", "image") as progress:
        result = evaluate(predictor, card, dataset, samples, progress)
    report = {"model": name, "dataset": dataset.name, "split": options.split}
    report |= result.summary(card.classes.names)
    if options.json:
        print_json(report)
        return
    print(f"{name} on {dataset.name}, {options.split}: {report['images']} images")
    overall = score(report["mean_iou"]), score(report["pixel_accuracy"])
    print("mean IoU {}, pixel accuracy {}\n".format(*overall))
    columns = ("iou", "f1", "precision", "recall")
    rows = [
        (n, *(score(s[c]) for c in columns), f"{s['support']:,}")
        for n, s in report["per_class"].items()
    ]
    table(rows, ("class", "IoU", "F1", "precision", "recall", "pixels"))


def _predict(options: Any) -> None:
    from core.imagery.raster import read_header
    from core.inference.outputs import predict_file
    from core.models.store import find_model

    find_model(options.model)
    stems = [image.stem for image in options.images]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice is not None:
        raise ConfigError(
            f"two images are called {twice!r}, their results would overwrite each other",
            remedy="predict them into different folders",
        )
    for image in options.images:
        read_header(image)
    predictor, card, name = _predictor(options.model, overlap=options.overlap, tta=options.tta)
    for image in options.images:
        with bar(image.name, "tile") as progress:
            format_problems = predict_file(
                image,
                predictor,
                card.classes,
                name,
                options.out,
                with_polygons=options.polygons,
                with_probabilities=options.probabilities,
                progress=progress,
            )
        print(*format_problems, sep="\n")


def _activations(options: Any) -> None:
    from core.explain.activations import write_activations

    with bar("feature maps", "layer") as progress:
        format_problems = write_activations(
            options.image, options.model, options.out, options.layers, progress
        )
    print(*format_problems, sep="\n")


def _architectures(options: Any) -> None:
    from core.models.catalogue import list_architectures

    if options.bands > 1024 or options.classes > 254:
        raise ConfigError(
            f"there is no network for {options.bands} bands and {options.classes} classes",
            remedy="ask for at most 1024 bands and 254 classes",
        )
    rows: list[dict[str, Any]] = [
        {
            "name": network.name,
            "architecture": network.spec.architecture,
            "backbone": getattr(network.spec, "backbone", None),
            "parameters": network.cost.parameters,
            "size": network.size,
            "macs": network.cost.macs,
            "receptive_field": network.cost.receptive_field,
        }
        for network in list_architectures(options.bands, options.classes)
    ]
    if options.json:
        print_json({"architectures": rows})
        return
    table(
        [
            (
                row["name"],
                f"{row['parameters']:,}",
                f"{row['macs'] / 1e9:.2f} G at {row['size']}²",
                "whole image" if row["receptive_field"] is None else f"{row['receptive_field']} px",
            )
            for row in rows
        ],
        ("name", "parameters", "multiply-adds", "receptive field"),
    )


def _datasets(options: Any) -> None:
    from core.datasets.catalogue import list_datasets

    rows = [{"name": r.id, "layout": r.layout, "path": str(r.path)} for r in list_datasets()]
    _listing("datasets", rows, options.json)


def _models(options: Any) -> None:
    from core.models.store import list_models, read_card

    rows = []
    for ref in list_models():
        try:
            card = read_card(ref.folder)
        except DSIError as error:
            # One damaged model must not hide the others.
            print(f"warning: {error}", file=sys.stderr)
            continue
        scored = card.training.scores.get("test") or card.training.scores.get("val") or {}
        rows.append(
            {
                "name": ref.name,
                "source": ref.source,
                "architecture": card.spec.architecture,
                "bands": card.spec.bands,
                "classes": list(card.classes.names),
                "parameters": card.parameters,
                "trained_on": card.training.dataset,
                "mean_iou": scored.get("mean_iou"),
                "path": str(ref.folder),
            }
        )
    _listing("models", rows, options.json)


def _runs(options: Any) -> None:
    from core.training.runs.summary import summaries

    found = summaries(lambda error: print(f"warning: {error}", file=sys.stderr))
    rows = [
        {
            "name": run.name,
            "state": run.status.state,
            "queue": run.place,
            "dataset": run.config.dataset,
            "architecture": run.architecture,
            "tags": list(run.tags),
            "epoch": run.status.epoch,
            "epochs": run.status.epochs,
            "best_mean_iou": run.val_mean_iou,
            "test_mean_iou": run.test_mean_iou,
            "minutes": round(run.minutes, 1),
            "parameters": run.parameters,
            "seconds_left": run.status.seconds_left,
            "path": str(run.run.folder),
        }
        for run in found
    ]
    _listing("runs", rows, options.json)


def _listing(what: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({what: rows})
    elif rows:
        cells = [
            [", ".join(v) if isinstance(v, list) else "–" if v is None else v for v in row.values()]
            for row in rows
        ]
        table(
            [[f"{c:.3f}" if isinstance(c, float) else c for c in row] for row in cells],
            [key.replace("_", " ") for key in rows[0]],
        )
    else:
        print(f"no {what} yet", file=sys.stderr)
