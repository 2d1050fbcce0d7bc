"""Which images inpainting learns from: those that train, and those without masks."""

from __future__ import annotations

from collections.abc import Collection

from core.datasets.dataset import Dataset, Sample
from core.datasets.identity import sample_digests
from core.datasets.recipes.splits import Split

__all__ = ["unlabelled_samples"]


def unlabelled_samples(
    dataset: Dataset, split: Split, held_out: Collection[str] = ()
) -> list[Sample]:
    """Samples without a mask that show nothing of what validates or tests.

    Left out are those of a scene that is held out as a whole, with samples that validate or test
    and none that trains, and those whose image file is the same as that of a held-out sample.

    Args:
        dataset: dataset as the recipe has it (`prepared`).
        split: sides of the split.
        held_out: digests of the images that validate and test (`sample_digests`).
    """
    scenes = {sample.id: sample.scene for sample in dataset.samples}
    trained = {scenes[i] for i in split.train}
    apart = {scenes[i] for i in (*split.val, *split.test)} - trained
    chosen = [s for s in dataset.samples if s.mask is None and s.scene not in apart]
    known = set(held_out) - {""}
    pairs = zip(chosen, sample_digests(chosen), strict=True)
    return [sample for sample, digest in pairs if digest not in known]
