"""The epochs of a training, with all its callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.inference.predictor import Predictor
from core.models.model_input import ModelInput
from core.models.network import encoder_layers
from core.training.callbacks.best_model_saver import BestModelSaver
from core.training.callbacks.checkpointer import Checkpointer, EpochMarker
from core.training.callbacks.early_stopping import EarlyStopping
from core.training.callbacks.epoch_state import EpochState
from core.training.callbacks.freeze_encoder import FreezeEncoder
from core.training.callbacks.learning_rate_setter import LearningRateSetter
from core.training.callbacks.reporter import Reporter
from core.training.callbacks.stop_checker import StopChecker
from core.training.callbacks.validator import Validator
from core.training.checkpoint import restore
from core.training.config import TrainConfig
from core.training.runs.run import Run
from core.training.runs.status_writer import StatusWriter, check_stop
from core.training.runs.timelapse import TimelapseWriter
from core.training.session.assemble import Assembly
from core.training.session.card import CardMaker
from core.training.session.fit import fit
from core.training.session.training_data import TrainingData
from core.training.step.fit_feed import Part

if TYPE_CHECKING:
    import keras

__all__ = ["TrainingLoop"]


class TrainingLoop:
    """The epochs of a training that are left to do.

    Args:
        run: the run.
        config: configuration of the run.
        status: status of the run.
        data: what it is trained and validated on.
        assembly: what is trained.
        state: state of the training, as far as earlier processes have come.
    """

    def __init__(
        self,
        run: Run,
        config: TrainConfig,
        status: StatusWriter,
        data: TrainingData,
        assembly: Assembly,
        state: EpochState,
    ) -> None:
        self.run, self.config, self.data, self.state = run, config, data, state
        self.compiled = assembly.compiled
        network, spec = assembly.network, assembly.spec
        predictor = Predictor(network, ModelInput.of_spec(spec, data.normalisation, data.dtype))
        samples = [sample.id for sample in data.val.samples]
        classes = data.dataset.classes
        timelapse = TimelapseWriter(run, samples, classes, config.timelapse)
        card = CardMaker(run, config, data, spec, network.count_params())
        state.validation_steps = _validation_steps(config, data)
        self.early_stopping = EarlyStopping(state, config.early_stopping)
        freezing = (
            [FreezeEncoder(encoder_layers(network, spec), config.freeze_encoder)]
            if config.freeze_encoder
            else []
        )
        self.training = [
            state,
            *freezing,
            LearningRateSetter(config, state),
            # Before the average is swapped in: what is resumed from are the raw weights.
            Checkpointer(run, state),
        ]
        self.validation = [
            Validator(run, status, state, predictor, data.val, classes, timelapse),
            BestModelSaver(run, status, state, network, card),
            EpochMarker(run, state),  # not before the best weights are kept
        ]
        self.reporting = [
            StopChecker(run, state, config.limit_minutes),
            Reporter(run, status, state, config.batch),
            self.early_stopping,
        ]

    def run_epochs(self, first: int) -> None:
        """Train to the end.

        Args:
            first: the first epoch to train, from 0; the state's `offset` is done of it.

        Raises:
            Stopped: it was asked to stop before the first step.
            DSIError: whatever ends it: a file that vanished, a loss that is no number.
        """
        state = self.state
        if first >= state.epochs:
            return
        if self.early_stopping.due:
            state.stopped_early = True  # that is how it had ended, before it was killed
            return
        check_stop(self.run)
        if state.offset:
            self._fit(range(first, first + 1), state.steps - state.offset)
            if self.compiled.stop_training:
                return
            state.offset, state.seconds_before = 0, 0.0
            # `fit` ends with the averages in place of the trained weights.
            first, _ = restore(self.run, self.compiled)
        if first < state.epochs:
            self._fit(range(first, state.epochs), state.steps)

    def _fit(self, epochs: range, steps: int) -> None:
        # Another stream of crops after a resume: the first epochs' crops need not come again.
        state = self.state
        seed = self.config.seed + epochs.start * state.steps + state.offset
        part = Part(seed, steps, epochs)
        fit(self.compiled, self.config, self.data, part, self._callbacks())

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        import keras

        # Keras' own are for a single `fit`.
        averaging, tensorboard = [], []
        if self.config.ema:
            averaging = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]
        if self.config.tensorboard:
            folder = str(self.run.folder / "tensorboard")
            tensorboard = [
                keras.callbacks.TensorBoard(folder, write_graph=False, update_freq="epoch")
            ]
        return [
            *self.training,
            *averaging,
            *self.validation,
            *tensorboard,
            *self.reporting,
        ]


def _validation_steps(config: TrainConfig, data: TrainingData) -> float:
    """How many training steps a validation is about as long as, by its pixels.

    A validation goes through the network forwards only, a step backwards too, which is about twice
    the work (Kaplan et al. 2020, arXiv:2001.08361, section 2.1).
    """
    return float(data.val.areas.sum()) / (config.batch * config.recipe.patch.size**2) / 3
