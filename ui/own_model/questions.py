"""What a file of a network does not say, asked with what is likely filled in."""

from __future__ import annotations

from typing import Any, get_args

import streamlit as st

from core.datasets.catalogue import list_datasets
from core.errors import DSIError
from core.formats import counted
from core.models.architectures.imported import ImportedSpec, Output
from core.models.card import ModelCard
from core.models.exchange.answers import CLASS_0, PREPROCESSING, ImportAnswers, with_answers
from core.models.exchange.imported_card import Classes, Description, detected_output
from core.models.imported.open_file import OpenFile
from core.models.store import list_models, read_card
from ui.loaded.datasets import open_chosen
from ui.shell.errors import plain

__all__ = ["ask"]

_TYPED = "Names that I type"
_DTYPES = ("uint8", "uint16", "int16", "float32")
_OUTPUT: dict[Output, str] = {
    "softmax": "probabilities that add up to 1 (softmax)",
    "sigmoid": "probabilities of each class by itself (sigmoid)",
    "logits": "logits, without a last activation",
}


def ask(file: OpenFile) -> tuple[Description, str]:
    """The questions as widgets.

    Returns:
        What was answered, and what the output is where a person chose it.

    Raises:
        DSIError: an answer does not fit, or something is missing that has no widget.
    """
    like = None if file.facts else _same_network(file)
    bands = file.facts.bands if file.facts else like.spec.bands if like else 3
    left, right = st.columns(2, gap="medium")
    settings: list[tuple[str, str]] = []
    with left:
        classes, names = _classes(file, like)
        settings += [("classes", names)] if names else []
        settings += _output(file)
    with right:
        values, scaled_like = _values(file, bands, like)
        settings += values
        settings += _bands(bands)
    trained_on = st.text_input(
        "Trained on, in words (may stay empty)", key="own-model.trained-on", max_chars=200
    )
    settings.append(("trained_on", trained_on.strip()))
    answers = with_answers(ImportAnswers(), settings)
    output = "" if answers.output == "auto" else str(answers.output)
    spec = like.spec if like else None
    return Description(answers, classes, scaled_like, spec), output


def _cards() -> dict[str, ModelCard]:
    cards = {}
    for ref in list_models():
        try:
            cards[ref.name] = read_card(ref.folder)
        except DSIError:
            continue  # said where it is chosen
    return cards


def _same_network(file: OpenFile) -> ModelCard | None:
    """For weights alone: the model whose network they are for."""
    cards = {n: c for n, c in _cards().items() if not isinstance(c.spec, ImportedSpec)}
    st.info(
        "The file holds weights alone: they need the network that they are for. Choose a model "
        "that has it; on the command line any architecture can be named "
        "(`import-model --set model.architecture=NAME`).",
        icon=":material/info:",
    )
    name = st.selectbox("Weights of the same network as", list(cards), key="own-model.like")
    return cards.get(name)


def _classes(file: OpenFile, like: ModelCard | None) -> tuple[Classes | None, str]:
    """A class table, or names as they were typed."""
    cards = _cards()
    channels = file.facts.channels if file.facts else like.spec.classes if like else 0
    wanted = 2 if channels == 1 else channels
    models = {f"Those of the model {name}": card for name, card in cards.items()}
    refs = {f"Those of the dataset {ref.id}": ref for ref in list_datasets()}
    options = [*refs, *models, _TYPED]
    fitting = next((key for key, card in models.items() if len(card.classes) == wanted), _TYPED)
    chosen = st.selectbox(
        "Classes, in the order of its output",
        options,
        index=options.index(fitting),
        key="own-model.classes",
        help="A class's place in the table is the channel that stands for it.",
    )
    if chosen == _TYPED:
        example = "Background, Roof" if channels == 1 else ""
        example = example or ", ".join(f"Class {number}" for number in range(1, wanted + 1))
        names = st.text_input(
            f"{counted(wanted, 'name')}, with commas between",
            example,
            key="own-model.names",
            help="A colour may follow each: Water:#E2A929.",
        )
        return None, names
    if chosen in models:
        card = models[chosen]
        table = Classes(card.classes, card.masks)
    else:
        dataset = open_chosen(refs[chosen])
        table = Classes(dataset.classes, dataset.coding)
    st.caption(plain(", ".join(table.table.names)))
    return table, ""


def _output(file: OpenFile) -> list[tuple[str, str]]:
    if file.facts is None:
        kind = st.selectbox(
            "Its last activation was",
            ["softmax, or none", "sigmoid, of one channel"],
            key="own-model.ending",
        )
        return [("output", "sigmoid")] if kind.startswith("sigmoid") else []
    outputs = list(get_args(Output))
    detected = detected_output(file)
    output = st.selectbox(
        "What it puts out",
        outputs,
        index=outputs.index(detected),
        format_func=lambda name: _OUTPUT[name],
        key="own-model.output",
        help=f"Its last activation says: {detected}.",
    )
    settings = [("output", output)]
    if file.facts.channels > 1:
        first = st.selectbox(
            "Its first channel is",
            list(CLASS_0),
            format_func=lambda name: CLASS_0[name],
            key="own-model.class-0",
        )
        settings.append(("class_0", first))
    return settings


def _values(
    file: OpenFile, bands: int, network_like: ModelCard | None
) -> tuple[list[tuple[str, str]], ModelCard | None]:
    """How values are scaled: by a preset, or as for a model that is there."""
    scales = file.network is not None and file.network.scales
    names = [name for name in PREPROCESSING if bands == 3 or name not in ("imagenet", "caffe")]
    titles: dict[str, str] = {name: PREPROCESSING[name] for name in names}
    models = {f"like {n}": c for n, c in _cards().items() if c.spec.bands == bands}
    titles |= {key: f"as for the model {key.removeprefix('like ')}" for key in models}
    likely = "none" if scales else "unit"
    likely = next((key for key, card in models.items() if card == network_like), likely)
    kind = st.selectbox(
        "Pixel values became",
        list(titles),
        index=list(titles).index(likely),
        format_func=lambda name: titles[name],
        key="own-model.preprocessing",
        help="As in the training. "
        + ("The network scales values itself, right after its input." if scales else ""),
    )
    if kind in models:
        return [("dtype", models[kind].dtype)], models[kind]
    settings: list[tuple[str, str]] = [("preprocessing", kind)]
    if kind == "custom":
        for key, text, default in (("mean", "Mean", "0"), ("std", "Deviation", "1")):
            value = st.text_input(
                f"{text} of each band, with commas between",
                ", ".join([default] * bands),
                key=f"own-model.{key}",
            )
            settings.append((key, value))
        divisor = st.number_input("Divisor before", 0.0, value=1.0, key="own-model.divisor")
        settings.append(("divisor", f"{divisor}"))
    dtype = st.selectbox("Images are of", _DTYPES, key="own-model.dtype")
    return [*settings, ("dtype", dtype)], None


def _bands(bands: int) -> list[tuple[str, str]]:
    left, right = st.columns(2)
    order = left.text_input(
        "Bands, in its order",
        ", ".join(map(str, range(bands))),
        key="own-model.bands",
        help="Which bands of an image the network takes, counted from 0: 2, 1, 0 for blue, green, "
        "red of an image in red, green, blue.",
    )
    count: Any = right.number_input(
        "Bands of an image", 1, 1024, value=bands, key="own-model.file-bands"
    )
    return [("bands", order), ("file_bands", f"{int(count)}")]
