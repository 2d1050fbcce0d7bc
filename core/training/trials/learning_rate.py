"""A learning rate to begin with, from the range test of Smith 2017 (arXiv:1506.01186).

``python -m core.training.trials.learning_rate`` is the process it is looked for in
(`core.training.trials.child`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.datasets.batches.feed import training_feed
from core.datasets.catalogue import find_dataset
from core.device import resolve_precision, tensorflow
from core.errors import DSIError
from core.training.checks.checks import check_training
from core.training.config import TrainConfig
from core.training.trials.child import Progress, child_main, run_in_child

if TYPE_CHECKING:
    from core.models.spec import ModelSpec
    from core.training.session.training_data import TrainingData

__all__ = ["STEPS", "LearningRates", "find_learning_rate", "steepest", "trial_rates"]

STEPS = 100
"""How many steps are trained at most."""

_LOWEST, _HIGHEST = 1e-7, 1.0
_STILL = 1e-6  # below it nothing is learned in so few steps: the loss varies with the crops alone
_MOMENTUM = 0.9  # of the running average: it looks back over about ten steps
_AROUND = 8  # steps to either side between which a slope is taken; a decade has 14
_BLOWN_UP = 4.0  # times the least smoothed loss


@dataclass(frozen=True)
class LearningRates:
    """What the range test found.

    Attributes:
        rates: of the steps, rising by the same factor each.
        losses: after each, an exponential average over the steps so far, corrected for its start
            (Kingma and Ba 2015, arXiv:1412.6980, section 3); all finite.
        suggestion: the rate where the loss falls steepest over the logarithm of the rate
            (`steepest`); None where it does not fall.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float | None


def find_learning_rate(config: TrainConfig, progress: Progress | None = None) -> LearningRates:
    """Train with a rate that rises from 1e-7 to 1, and see where the loss falls steepest.

    Data, augmentation, network, starting weights, loss and optimiser are those of the
    configuration; its learning rate, schedule and averaging are left out of account. It is done in
    a process of its own, and nothing of it is kept. It ends before the highest rate where the
    smoothed loss exceeds four times its least value, or is not a number any more.

    Args:
        config: to be trained; a relative folder is looked for in the current one.
        progress: called with steps done and `STEPS` several times a second; if it raises, the
            process is killed.

    Raises:
        DSIError: whatever the training itself would be refused for; `where` is ``batch`` if there
            is not enough memory.
        RunError: it failed otherwise; `where` is the last line the process wrote.
    """
    order = config.model_dump(mode="json")
    tell = progress or (lambda done, total: None)
    found = run_in_child(
        "core.training.trials.learning_rate", order, tell, "looking for a learning rate"
    )
    return LearningRates(tuple(found["rates"]), tuple(found["losses"]), found["suggestion"])


def trial_rates() -> np.ndarray:
    """The rate of every step, (STEPS,) float64."""
    return np.geomspace(_LOWEST, _HIGHEST, STEPS)


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate where the loss falls fastest over the logarithm of the rate.

    Only a fall counts that leaves the noise behind: from below all that the loss was while the
    rate was under 1e-6 by more than it varied there. The place is looked for from there to the
    least loss; the slope is that over about a decade, as single steps are noisy. The average looks
    back, so it falls some steps after the loss does: the rate is that of as many steps earlier as
    what the average holds is old on average.

    Args:
        rates: of `trial_rates`, from the first on.
        losses: smoothed, one for each rate.

    Returns:
        One of the rates, or None where the loss does not fall.
    """
    still = int(np.searchsorted(rates, _STILL))
    smoothed = np.asarray(losses)
    before = smoothed[:still]
    if len(smoothed) <= still or smoothed.min() >= 2 * before.min() - before.max():
        return None

    def slope(at: int) -> float:
        first, last = max(0, at - _AROUND), min(len(smoothed) - 1, at + _AROUND)
        return float(smoothed[last] - smoothed[first]) / (last - first)

    place = min(range(still, int(smoothed.argmin()) + 1), key=slope)
    ages = np.arange(place + 1)
    return float(rates[place - round(float(np.average(ages, weights=_MOMENTUM**ages)))])


def _sought(order: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from core.training.session.data import load_data
    from core.training.step.replicas import mirrored

    # The average of the weights is not looked at.
    config = TrainConfig.model_validate(order | {"ema": 0.0})
    progress(0, STEPS)
    check_training(config, find_dataset(config.dataset))
    tensorflow()
    import keras

    strategy = mirrored(config.replicas, config.batch)
    keras.utils.set_random_seed(config.seed)
    data = load_data(config, lambda what, done, total: None)
    keras.config.set_dtype_policy(resolve_precision(config.precision))
    with strategy.scope():
        model, spec, compiled = _network(config, data)
    sweep = _sweep(progress)
    failed: list[DSIError | MemoryError] = []
    feed = training_feed(
        data.train, config.recipe, data.normalisation, config.batch, config.seed, failed
    )
    try:
        compiled.fit(
            feed,
            steps_per_epoch=STEPS,
            callbacks=[*_frozen(config, model, spec), sweep],
            shuffle=False,
            verbose=0,
        )
    except tensorflow().errors.OpError as error:
        if failed:  # what stopped the feed, not what TensorFlow makes of it
            raise failed[0] from error
        raise
    rates = tuple(trial_rates()[: len(sweep.losses)].tolist())
    return asdict(LearningRates(rates, tuple(sweep.losses), steepest(rates, sweep.losses)))


def _network(config: TrainConfig, data: TrainingData) -> tuple[Any, Any, Any]:
    """The network with its starting weights, its spec, and the compiled model."""
    from core.models.network import build_model
    from core.training.checks.checks import network_of
    from core.training.session.data import class_factors
    from core.training.session.initial_weights import load_initial_weights
    from core.training.step.compile import compile_model
    from core.training.step.replicas import synchronise

    spec = network_of(config, data.bands, len(data.dataset.classes))
    model = build_model(spec)
    load_initial_weights(model, spec, config, data, lambda **_: None)
    if tensorflow().distribute.get_strategy().num_replicas_in_sync > 1:
        synchronise(model)
    return model, spec, compile_model(model, spec, config, data.counts, class_factors(config, data))


def _frozen(config: TrainConfig, model: Any, spec: ModelSpec) -> list[Any]:
    """What keeps the encoder as it is, where the training begins so."""
    from core.models.network import encoder_layers
    from core.training.callbacks.rates import thaw

    return [thaw(encoder_layers(model, spec), 1)] if config.freeze_encoder else []


def _sweep(progress: Progress) -> Any:
    """A Keras callback that raises the rate step by step and keeps the smoothed losses."""
    import keras

    rates = trial_rates()

    class Sweep(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.losses: list[float] = []
            self.average = 0.0

        def on_train_batch_begin(self, step: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = rates[step]
            self.model.reset_metrics()  # Keras' logs are means since the epoch began

        def on_train_batch_end(self, step: int, logs: Any = None) -> None:
            progress(step + 1, STEPS)
            self.average = _MOMENTUM * self.average + (1 - _MOMENTUM) * float(logs["loss"])
            smoothed = self.average / (1 - _MOMENTUM ** (step + 1))
            if not math.isfinite(smoothed):
                self.model.stop_training = True
                return
            self.losses.append(smoothed)
            if smoothed > _BLOWN_UP * min(self.losses):
                self.model.stop_training = True

    return Sweep()


if __name__ == "__main__":
    child_main(_sought)
