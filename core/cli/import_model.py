"""``python -m core import-model``: a Keras model or weights trained elsewhere."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError

if TYPE_CHECKING:
    from core.models.exchange.imported_card import Classes

__all__ = ["add_arguments", "run"]

_SETTINGS = """\
what the file does not say, each as --set KEY=VALUE:
  preprocessing  unit (0 to 1), symmetric (-1 to 1), imagenet, caffe (0 to 255, blue first, less
                 the mean of ImageNet), none (the network scales values itself), or custom with
                 mean, std and divisor
  classes        names in the order of the output: Water,Land or Water:#E2A929,Land:#8429F6
  dataset        a dataset whose classes they are, instead
  output         softmax, sigmoid or logits; by default what the last layer says
  class_0        what the first channel is: class (of the table), background or void
  bands          which bands of an image, in the network's order, counted from 0: 2,1,0
  file_bands     number of bands of an image, where it has more than are used
  dtype          of the images' values, by default uint8
  divisor        what values are divided by, by default the range of the type
  trained_on     what it was trained on, in words
  model.…        for weights alone: the network that they are for, as model.architecture=unet and
                 its settings
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `import-model`."""
    from argparse import RawDescriptionHelpFormatter

    parser.formatter_class = RawDescriptionHelpFormatter
    parser.epilog = _SETTINGS
    parser.add_argument("file", type=Path, metavar="FILE", help=".keras, .h5 or .safetensors")
    parser.add_argument("--name", required=True, metavar="NAME", help="name of the model here")
    parser.add_argument(
        "--like",
        metavar="MODEL",
        help="a model that takes the same images and knows the same classes; for weights alone, of "
        "the same network",
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")


def run(options: Namespace) -> None:
    """Import the file, and print what became of it."""
    from core.cli.terminal import note
    from core.formats import count
    from core.models.exchange.answers import ImportAnswers, with_answers
    from core.models.exchange.imported_card import (
        Description,
        card_of,
        detected_output,
        spec_of_settings,
    )
    from core.models.exchange.keras_incoming import (
        built_model,
        check_weights,
        keep_model,
        opened_file,
    )
    from core.models.exchange.names import check_free
    from core.models.network import network_title
    from core.models.store import find_model, load_model, read_card

    check_free(options.name)
    pairs = [_key_and_text(setting) for setting in options.settings]
    network = [(key[6:], _value(text)) for key, text in pairs if key.startswith("model.")]
    dataset = next((text for key, text in pairs if key == "dataset"), "")
    own = [pair for pair in pairs if pair[0] != "dataset" and not pair[0].startswith("model.")]
    answers = with_answers(ImportAnswers(), own)
    like = read_card(find_model(options.like).folder) if options.like else None
    classes = _classes(dataset) if dataset else None
    with opened_file(options.file) as file:
        spec = None
        if file.facts is None:
            like_spec = like.spec if like else None
            named = classes.table if classes else None
            counts = len(answers.bands), len(answers.classes) or (len(named) if named else 0)
            spec = spec_of_settings(network, like_spec, *counts)
        elif network:
            raise ConfigError(
                "the file says itself what network it is",
                key=f"model.{network[0][0]}",
                remedy="leave out --set model.…, which is for weights alone",
            )
        card = card_of(file, options.name, Description(answers, classes, like, spec))
        output = "" if answers.output == "auto" else answers.output
        check_weights(file, card, output)
        folder = keep_model(file, card, built_model(file, card, output))
        for text in file.network.notes if file.network else ():
            note(f"note: {text}")
        if file.facts and file.facts.enlarge > 1:
            note(
                f"note: its output is {file.facts.enlarge} times smaller than the image, and is "
                "enlarged linearly"
            )
        detected = detected_output(file) if answers.output == "auto" and file.facts else ""
    # It is read back once, as every command will.
    load_model(folder)
    card = read_card(folder)
    taken = f", output {detected}" if detected else ""
    print(
        f"{card.name}: {network_title(card.spec)}, {count(card.parameters)} parameters, "
        f"{card.spec.bands} bands of {card.dtype}{taken}, classes {', '.join(card.classes.names)}"
    )


def _classes(name: str) -> Classes:
    from core.datasets.catalogue import find_dataset
    from core.models.exchange.imported_card import Classes

    dataset = find_dataset(name)
    return Classes(dataset.classes, dataset.coding)


def _key_and_text(setting: str) -> tuple[str, str]:
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigError(
            f"expected KEY=VALUE, received {setting!r}", remedy="e.g. preprocessing=unit"
        )
    return key, text


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
