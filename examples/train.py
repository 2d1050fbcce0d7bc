"""Train a model on a dataset and keep it in the workspace, where every page and script finds it.

The training waits its turn in the workspace's queue, and the Train page shows it while it goes on.

    python examples/train.py workspace/datasets/demo --run my-first --set epochs=5
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a clone need not be installed

from core import (
    DSIError,
    TrainConfig,
    check_training,
    find_dataset,
    hold_device,
    submit,
    train,
    with_settings,
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", help="folder, or name in the workspace")
    parser.add_argument("--run", required=True, help="name of the run and of its model")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="a setting by its dotted key, such as model.width=32 (docs/formats.md lists them)",
    )
    options = parser.parse_args(arguments)

    dataset = find_dataset(options.dataset)
    config = with_settings(TrainConfig(dataset=str(dataset.root)), options.settings)
    check_training(config, dataset)  # what cannot work is refused before there is a run
    run = submit(options.run, config, here=True)
    with hold_device(run, print):
        card = train(run)

    print(f"{run.name}: {run.status().message}")
    print(f"{card.parameters:,} parameters, weights of epoch {card.training.epoch}")
    for side, scores in card.training.scores.items():
        print(f"{side}: mean IoU {scores['mean_iou']:.3f} on {scores['images']} images")


if __name__ == "__main__":
    try:
        main()
    except DSIError as error:
        sys.exit(f"error: {error}")
