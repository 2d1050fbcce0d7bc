"""``python -m core train``: train a model, go on with a run, or look for a learning rate."""

from __future__ import annotations

import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.terminal import bar
from core.errors import ConfigError, DSIError
from core.formats import score

if TYPE_CHECKING:
    from core.training.config import TrainConfig
    from core.training.runs.run import Run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `train`."""
    parser.add_argument(
        "--dataset", metavar="DATASET", help="folder or name; needed unless --resume"
    )
    parser.add_argument("--recipe", type=Path, metavar="FILE")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--run", metavar="NAME", help="name of the run and of its model")
    parser.add_argument("--resume", action="store_true", help="continue the run --run names")
    parser.add_argument(
        "--find-learning-rate",
        action="store_true",
        help="train nothing, but try rates for 100 steps and print where the loss falls steepest",
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: Namespace) -> None:
    """Train, resume, or look for a learning rate, as the options ask for.

    Raises:
        DSIError: what a user can fix; wrong usage exits with 2.
    """
    from core.training.queue.queue import holds_device, note_launch_error

    launched = holds_device()
    try:
        _run(options)
    except DSIError as error:
        if launched and options.run:
            note_launch_error(options.run, error)
        raise


def _run(options: Namespace) -> None:
    from core.datasets.catalogue import find_dataset, list_datasets
    from core.datasets.recipes.exchange import read_recipe_file
    from core.training.checks.checks import check_training
    from core.training.config import TrainConfig, load_config, with_settings
    from core.training.queue.launch import suggest_name
    from core.training.queue.queue import enqueue, holds_device, submit
    from core.training.runs.run import find_run

    if options.find_learning_rate and (options.resume or options.run):
        options.usage_error("--find-learning-rate makes no run: leave out --run and --resume")
    if options.resume:
        # `--dataset` is allowed: the queue names it with every training.
        if not options.run or options.config or options.recipe or options.settings:
            options.usage_error(
                "--resume takes --run NAME, and goes on with that run's own settings"
            )
        stopped = find_run(options.run)
        if stopped.status().state == "finished":
            raise ConfigError(
                f"the run {stopped.name!r} is finished", remedy="start a new one to train on"
            )
        if not holds_device():
            enqueue(stopped, here=True)
        _train(stopped, resume=True)
        return
    config = load_config(options.config) if options.config else TrainConfig()
    if options.recipe:
        config = config.model_copy(update={"recipe": read_recipe_file(options.recipe)})
    if options.dataset:
        config = config.model_copy(update={"dataset": options.dataset})
    config = with_settings(config, options.settings)
    if not config.dataset:
        options.usage_error("the following arguments are required: --dataset")
    if config.dataset not in {ref.id for ref in list_datasets()}:
        # A mistyped folder is reported before there is a run, and a run finds it from anywhere.
        opened = find_dataset(config.dataset)
        listed = opened.name in {ref.id for ref in list_datasets() if ref.path == opened.root}
        spelling = opened.name if listed else str(opened.root.resolve())
        config = config.model_copy(update={"dataset": spelling})
    config = _split_of_one_image(config, options)
    if Path(config.encoder_weights).is_file():
        weights = str(Path(config.encoder_weights).resolve())
        config = config.model_copy(update={"encoder_weights": weights})
    if options.find_learning_rate:
        _find_learning_rate(config)
        return
    name = options.run or suggest_name(config.dataset)
    if holds_device():
        _train(find_run(name))
        return
    with bar("looking for every class", "mask", delay=1) as progress:
        check_training(config, find_dataset(config.dataset), progress)
    _train(submit(name, config, here=True))


def _split_of_one_image(config: TrainConfig, options: Namespace) -> TrainConfig:
    """Split the only image by blocks where no kind of split was chosen: it is one scene."""
    from core.datasets.catalogue import find_dataset
    from core.training.queue.queue import holds_device

    chosen = any(setting.startswith("recipe.split.kind") for setting in options.settings)
    if chosen or options.config or options.recipe or holds_device():
        return config
    dataset = find_dataset(config.dataset)
    if sum(sample.mask is not None for sample in dataset.samples) != 1:
        return config
    print(
        "The dataset has one image with a mask: its blocks are shared out to train and to validate "
        "(recipe.split.kind=blocks).",
        file=sys.stderr,
    )
    split = config.recipe.split.model_copy(update={"kind": "blocks"})
    recipe = config.recipe.model_copy(update={"split": split})
    return config.model_copy(update={"recipe": recipe})


def _find_learning_rate(config: TrainConfig) -> None:
    from core.training.trials.learning_rate import find_learning_rate

    with bar("trying learning rates", "step") as show:

        def progress(done: int, total: int) -> None:
            if total:  # not before the process has reported it
                show(done, total)

        result = find_learning_rate(config, progress)
    if result.suggestion is None:
        rates = result.rates
        raise ConfigError(
            "the loss does not fall at any learning rate",
            where=f"{len(rates)} steps from {rates[0]:.0e} to {rates[-1]:.0e}" if rates else "",
            remedy="check the masks with `audit`, choose a larger batch, or begin with other "
            "weights",
        )
    print(f"learning rate: {result.suggestion:.2g}")


def _train(run: Run, *, resume: bool = False) -> None:
    from core.training.queue.queue import hold_device, holds_device
    from core.training.session.train import train

    if not holds_device():  # the queue has written it to the log
        print(run.title_line, file=sys.stderr)
    with hold_device(run, partial(print, file=sys.stderr)), _training_bar(run):
        card = train(run, resume=resume)
    status = run.status()
    print(f"{run.name}: {status.message}")
    if "test" in card.training.scores:
        test = card.training.scores["test"]
        print(
            f"test: mean IoU {score(test['mean_iou'])}, "
            f"pixel accuracy {score(test['pixel_accuracy'])} on {test['images']} images"
        )


@contextmanager
def _training_bar(run: Run) -> Iterator[None]:
    """A bar over all steps, for a terminal; a log has `status.json` and `metrics.jsonl` beside it.

    The training runs in the main thread (signals); the bar reads its status like any observer.
    """
    if not sys.stderr.isatty():
        yield
        return
    from tqdm import tqdm

    ended = threading.Event()

    def follow() -> None:
        with tqdm(desc=run.name, unit="step", file=sys.stderr, leave=False) as steps:
            while not ended.wait(1):
                status = run.status()
                if status.steps:
                    steps.total = status.steps * status.epochs
                    steps.n = max(0, status.epoch - 1) * status.steps + status.step
                known = status.best_mean_iou is not None
                # What comes before the first epoch may take long, as inpainting does.
                words = "" if status.epoch else status.message
                best = f"best mean IoU {score(status.best_mean_iou)}" if known else words
                steps.set_postfix_str(best, refresh=False)
                steps.refresh()

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()
