"""A model as one ZIP, for another workspace or another machine."""

from __future__ import annotations

import io
import zipfile

from core.errors import ModelError
from core.models.architectures.imported import NETWORK_FILE, ImportedSpec
from core.models.card import CARD_FILE, ModelCard, file_sha256
from core.models.imported.network import read_network
from core.models.store import ModelRef, read_card

__all__ = ["model_archive"]


def model_archive(ref: ModelRef) -> bytes:
    """A ZIP with the folder ``NAME`` of a model: its card and its weights, and the
    layers of a network from elsewhere; nothing else.

    Raises:
        ModelError: the card cannot be read, or the weights are not those it was written for.
    """
    card = read_card(ref.folder)
    if not _whole(ref, card):
        card = read_card(ref.folder)  # a training has put better weights in place meanwhile
        if not _whole(ref, card):
            raise ModelError(
                "the weights do not match the SHA-256 in the model card",
                where=str(ref.folder / card.weights),
                remedy="restore both from one source, or train the model again",
            )
    # Numbers like these do not get smaller by packing.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{ref.name}/{CARD_FILE}", card.model_dump_json(indent=2))
        archive.write(ref.folder / card.weights, f"{ref.name}/{card.weights}")
        if isinstance(card.spec, ImportedSpec):
            read_network(ref.folder, card.spec)
            archive.write(ref.folder / NETWORK_FILE, f"{ref.name}/{NETWORK_FILE}")
    return packed.getvalue()


def _whole(ref: ModelRef, card: ModelCard) -> bool:
    weights = ref.folder / card.weights
    return weights.is_file() and file_sha256(weights) == card.sha256
