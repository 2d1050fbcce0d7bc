"""A learning rate to begin with, from the range test of Smith 2017 (arXiv:1506.01186).

``python -m core.training.trials.learning_rate`` is the process in which it is searched
(`core.training.trials.child`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.datasets.catalogue import find_dataset
from core.training.checks.checks import check_training
from core.training.config import TrainConfig
from core.training.trials.child import Progress, child_main, run_in_child

if TYPE_CHECKING:
    from core.models.spec import ModelSpec

__all__ = ["STEPS", "LearningRates", "find_learning_rate", "steepest", "trial_rates"]

STEPS = 100
"""How many steps are trained at most."""

_LOWEST, _HIGHEST = 1e-7, 1.0
_STILL = 1e-6  # below it nothing is learned in so few steps: the loss varies with the crops alone
_MOMENTUM = 0.9  # of the running average: it looks back over about ten steps
_AROUND = 8  # steps to either side between which a slope is taken; a decade has 14
_BLOW_UP = 4.0  # times the least smoothed loss


@dataclass(frozen=True)
class LearningRates:
    """Result of the range test.

    Attributes:
        rates: learning rate of each step, rising by the same factor.
        losses: loss after each step, an exponential average over the steps so far, corrected for
            its start (Kingma and Ba 2015, arXiv:1412.6980, section 3); all finite.
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
        config: configuration of the training; a relative folder is one of the current folder.
        progress: called with steps done and `STEPS` several times a second; if it raises, the
            process is killed.

    Raises:
        DSIError: whatever the training itself would be refused for; `key` is ``batch`` if there
            is not enough memory.
        RunError: it failed otherwise; `where` is the last line the process wrote.
    """
    order = config.model_dump(mode="json")
    result = run_in_child(
        "core.training.trials.learning_rate",
        order,
        progress or (lambda done, total: None),
        "looking for a learning rate",
    )
    return LearningRates(tuple(result["rates"]), tuple(result["losses"]), result["suggestion"])


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
        rates: rates of `trial_rates`, from the first on.
        losses: smoothed loss after each.

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


def _find(order: dict[str, Any], progress: Progress) -> dict[str, Any]:
    # The average of the weights is not looked at.
    config = TrainConfig.model_validate(order | {"ema": 0.0})
    progress(0, STEPS)
    check_training(config, find_dataset(config.dataset))
    from core.models.network import encoder_layers
    from core.training.callbacks.freeze_encoder import FreezeEncoder
    from core.training.callbacks.learning_rate_sweep import LearningRateSweep
    from core.training.session.assemble import assemble
    from core.training.session.data import load_data, profile
    from core.training.session.fit import fit
    from core.training.session.initial_weights import load_initial_weights
    from core.training.step.fit_feed import Part

    data = load_data(config, lambda what, done, total: None)

    def load_weights(network: Any, spec: ModelSpec) -> None:
        load_initial_weights(network, spec, config, data, lambda **_: None)

    assembly = assemble(config, profile(config, data), load_weights)
    sweep = LearningRateSweep(trial_rates().tolist(), progress, _MOMENTUM, _BLOW_UP)
    callbacks: list[Any] = [sweep]
    if config.freeze_encoder:
        callbacks.insert(0, FreezeEncoder(encoder_layers(assembly.network, assembly.spec), 1))
    fit(assembly.compiled, config, data, Part(config.seed, STEPS), callbacks)
    rates = tuple(trial_rates()[: len(sweep.losses)].tolist())
    return asdict(LearningRates(rates, tuple(sweep.losses), steepest(rates, sweep.losses)))


if __name__ == "__main__":
    child_main(_find)
