from __future__ import annotations

from core.datasets.recipes.recipe import Patch, Recipe
from core.device import available_memory
from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.network import cost
from core.training.checks.memory import largest_batch, training_memory
from core.training.config import TrainConfig


def _config(batch: int = 4, size: int = 128, **settings: object) -> TrainConfig:
    recipe = Recipe(patch=Patch(size=size))
    return TrainConfig.model_validate(
        {"batch": batch, "recipe": recipe, "precision": "float32"} | settings
    )


def test_it_grows_with_what_is_kept() -> None:
    spec = UNetSpec()
    parameters, outputs = cost(spec, 128).parameters, cost(spec, 128).activations
    one, two = (training_memory(spec, _config(batch)) for batch in (1, 2))
    assert two - one == 4 * outputs
    assert training_memory(spec, _config(ema=0.9)) - training_memory(spec, _config()) == (
        4 * parameters
    )
    sgd = training_memory(spec, _config(optimizer="sgd"))
    assert training_memory(spec, _config()) - sgd == 4 * parameters
    assert training_memory(UNetVGG11Spec(), _config()) > training_memory(spec, _config())


def test_inpainting_of_many_bands_puts_out_more_than_classes() -> None:
    few, many = UNetSpec(bands=3, classes=5), UNetSpec(bands=40, classes=5)
    inpainting = _config(pretrain_epochs=1)
    assert training_memory(few, inpainting) == training_memory(few, _config())
    wider = cost(many.model_copy(update={"classes": 40}), 128).activations
    # Four crops in 32 bits, and the weights of the wider last layer.
    added = training_memory(many, inpainting) - training_memory(many, _config())
    assert added > 4 * 4 * (wider - cost(many, 128).activations) > 0


def test_the_largest_batch_just_fits() -> None:
    spec = UNetSpec()
    memory = 3 * 2**30
    batch = largest_batch(spec, _config(), memory)
    assert (
        training_memory(spec, _config(batch)) <= memory < training_memory(spec, _config(batch + 1))
    )
    assert largest_batch(spec, _config(size=2048), 2**30) == 0


def test_this_machine_has_some_memory() -> None:
    free = available_memory()
    assert free is None or 2**20 < free < 2**50
