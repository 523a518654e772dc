"""Jobs that train networks, one or a stack of small ones, choose their learning rates and ask for their answers;
``lab.fit`` trains."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float, Int

from lab import costs
from lab.data import Data, Dtype
from lab.network import Network
from lab.trained import Classification, Training
from measured.jobs import Job

if TYPE_CHECKING:
    from torch import nn

    from lab.fit import Single

R = TypeVar("R", bound=Training, covariant=True)

HISTORY_EXAMPLES = (5_000, 2_000)
"""Training and held-out examples on which histories are measured, where a job does not say otherwise."""
EVALUATION_SLICE = 250  # examples at a time: their activations stay in the processor's cache


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Loss: cross-entropy for classes, mean squared error for functions."""

    learning_rate: float
    num_updates: int
    batch_size: int | None = 64
    """Examples per update, drawn without replacement until all were seen; None for all of them every time."""
    schedule: Literal["constant", "cosine", "one_cycle"] = "constant"
    """Learning rate over the updates: as it is; to zero along half a cosine; up and down (Smith 2018, ``OneCycleLR``)."""
    optimizer: Literal["adam", "sgd"] = "adam"
    momentum: float = 0.0
    """Of SGD; Adam has its own (0.9 and 0.999)."""
    weight_decay: float = 0.0
    dtype: Literal["float32", "float64"] = "float32"

    def __post_init__(self):
        if self.num_updates < 1 or (self.batch_size is not None and self.batch_size < 1):
            raise ValueError(f"num_updates {self.num_updates} and batch_size {self.batch_size} must be at least 1")


Criterion = Literal["held-out loss", "training loss", "lowest held-out loss"]


@dataclass(frozen=True)
class ChosenLearningRate:
    """The candidate with the lowest median loss over its seeds."""

    learning_rate: float
    candidates: Float[np.ndarray, " candidates"]
    losses: Float[np.ndarray, " candidates"]


@dataclass(frozen=True)
class LearningRateSearch(Job[ChosenLearningRate]):
    """Choose a learning rate by trainings on other seeds or data than those that are reported."""

    trials: "tuple[Train | TrainStack, ...]"
    by: Criterion = "held-out loss"
    """What is to be low. Held-out loss at the end favours rates that stop short of fitting noise; where fitting is the
    question, training loss decides; where training may stop early, the lowest held-out loss that a trial recorded."""

    def compute(self, *trainings: Training) -> ChosenLearningRate:
        losses: dict[float, list[float]] = {}
        for trial, training in zip(self.trials, trainings, strict=True):
            if self.by == "lowest held-out loss":
                found = training.test_loss.min(-1)
            else:
                found = training.final_test_loss if self.by == "held-out loss" else training.final_train_loss
            losses.setdefault(trial.recipe.learning_rate, []).extend(np.ravel(found))
        # A training that diverged has no loss that compares; it counts as the worst.
        medians = {rate: float(np.median(np.nan_to_num(values, nan=np.inf))) for rate, values in losses.items()}
        best = min(medians, key=lambda rate: medians[rate])
        return ChosenLearningRate(best, np.array(list(medians)), np.array(list(medians.values())))

    @property
    def rates(self) -> tuple[float, ...]:
        """The candidates, each once, in the order of the trials."""
        return tuple(dict.fromkeys(trial.recipe.learning_rate for trial in self.trials))

    @property
    def axes(self) -> dict[str, int]:
        return {"candidates": len(self.rates)}

    def placeholder(self) -> ChosenLearningRate:
        return replace(super().placeholder(), learning_rate=self.rates[0], candidates=np.array(self.rates))

    @property
    def flops(self) -> float:
        return costs.JOB


@dataclass(frozen=True)
class _TrainingJob(Job[R], Generic[R]):
    """What ``Train`` and ``TrainStack`` share. On classes the result is a ``Classification``, which the type of the data
    says as well."""

    network: Network
    data: Data[R]
    recipe: Recipe
    record_at: tuple[int, ...] = field(default=(), kw_only=True)
    """Numbers of updates after which the histories are measured."""
    checkpoint_at: tuple[int, ...] = field(default=(), kw_only=True)
    """Numbers of updates after which the weights are kept."""
    history_examples: tuple[int, int] = field(default=HISTORY_EXAMPLES, kw_only=True)
    """Training and held-out examples, the first ones, on which the histories are measured."""
    final_examples: int | None = field(default=None, kw_only=True)
    """Training examples, the first ones, on which the final numbers are measured; None for all of them."""
    tuned_by: LearningRateSearch | None = field(default=None, kw_only=True)
    """Where the learning rate comes from, instead of from the recipe."""

    def __post_init__(self):
        late = [step for step in (*self.record_at, *self.checkpoint_at) if not 0 <= step <= self.recipe.num_updates]
        if late:
            raise ValueError(f"cannot record after update {late[0]} of {self.recipe.num_updates}")
        if min(self.history_examples) < 1:
            raise ValueError(f"history_examples is {self.history_examples}; expected at least one example of each kind")
        if self.final_examples is not None and self.final_examples < 1:
            raise ValueError(f"final_examples is {self.final_examples}; expected at least one, or None for all")

    def _fit(self, model: "Single", seeds: tuple[int, ...], chosen: ChosenLearningRate | None) -> R:
        from lab.fit import fit

        recipe = replace(self.recipe, learning_rate=chosen.learning_rate) if chosen else self.recipe
        split = self.data.load()
        if split.is_classification != self.data.is_classification:
            raise ValueError(
                f"{type(self.data).__name__}.is_classification is {self.data.is_classification}; its targets say otherwise"
            )
        return fit(model, split, recipe, seeds, self.record_at, self.checkpoint_at, self.history_examples, self.final_examples)  # pyright: ignore[reportReturnType]

    def built(self, training: Training, dtype: Dtype | None = None) -> "Single":
        """What was trained, with the weights of its end, in the precision of its training or in ``dtype``."""
        raise NotImplementedError

    @property
    def result_type(self) -> type[R]:
        return Classification if self.data.is_classification else Training  # pyright: ignore[reportReturnType]

    @property
    def num_networks(self) -> tuple[int, ...]:
        """The leading axis of a stack's results; none of one network's."""
        raise NotImplementedError

    @property
    def axes(self) -> dict[str, Any]:
        return {
            "networks": self.num_networks,
            "records": len(set(self.record_at)),
            "checkpoints": len(set(self.checkpoint_at)),
            "parameters": self.network.num_parameters,
            "statistics": self.network.num_statistics,
        }

    def check(self) -> None:
        from lab.rehearsed import check

        check(self.network)

    def placeholder(self) -> R:
        steps = {"steps": np.unique(self.record_at), "checkpoint_steps": np.unique(self.checkpoint_at)}
        return replace(super().placeholder(), **{name: values.astype(np.int64) for name, values in steps.items()})

    @property
    def flops(self) -> float:
        num_train, num_held_out = self.data.sizes
        batch = min(self.recipe.batch_size or num_train, num_train)
        examples = self.recipe.num_updates * batch * 3  # forward, and twice that backward
        sample = min(self.history_examples[0], num_train) + min(self.history_examples[1], num_held_out)
        final = min(self.final_examples or num_train, num_train) + num_held_out
        examples += len(self.record_at) * sample + final
        layers = self.network.layers
        units = sum(int(np.prod(layer.output_shape)) for layer in layers)
        by_formulas = bool(layers) and all(len(layer.output_shape) == 1 for layer in layers)
        operation, unit, update = costs.TRAINED, costs.TRAINED_UNIT, costs.TRAINED_UPDATE
        if by_formulas:
            operation, unit, update = costs.BY_FORMULAS, costs.UNIT_BY_FORMULAS, costs.UPDATE_BY_FORMULAS
        per_example = operation * self.network.num_flops + unit * units
        return int(np.prod(self.num_networks)) * examples * per_example + self.recipe.num_updates * update


@dataclass(frozen=True)
class Train(_TrainingJob[R]):
    """One network trained from one seed, which sets its initial weights and the order of its examples."""

    seed: int
    initial_seed: int | None = field(default=None, kw_only=True)
    """Seed of the initial weights alone, so that runs can start at the same point; None for ``seed``."""

    def compute(self, chosen: ChosenLearningRate | None = None) -> R:
        from lab.fit import Single

        return self._fit(Single(self.network.build(self.start.seed)), (self.seed,), chosen)

    @property
    def start(self) -> "Start":
        """Where it starts."""
        return Start(self.network, self.seed if self.initial_seed is None else self.initial_seed)

    def trials(self, data: Data, recipe: Recipe, seeds: tuple[int, ...]) -> "tuple[Train, ...]":
        """Trainings of the same network that nothing is recorded of, one per seed."""
        return tuple(Train(self.network, data, recipe, seed) for seed in seeds)

    def rebuilt(self, training: Training, dtype: Dtype | None = None) -> "nn.Module":
        """The trained network in evaluation mode, in the precision of its training or in ``dtype``."""
        return self.built(training, dtype).module.eval()

    def built(self, training: Training, dtype: Dtype | None = None) -> "Single":
        from lab.fit import Single

        weights = training.weights.astype(dtype or training.weights.dtype)
        return Single(self.network.with_weights(weights, training.statistics))

    @property
    def num_networks(self) -> tuple[int, ...]:
        return ()


@dataclass(frozen=True)
class TrainStack(_TrainingJob[R]):
    """Small networks of one shape in one batched program, each as ``Train`` would train it from its seed."""

    seeds: tuple[int, ...]

    def compute(self, chosen: ChosenLearningRate | None = None) -> R:
        from lab.fit import Stack

        return self._fit(Stack(self.network.build_stack(self.seeds)), self.seeds, chosen)

    def trials(self, data: Data, recipe: Recipe, seeds: tuple[int, ...]) -> "tuple[TrainStack, ...]":
        """A stack of the same networks that nothing is recorded of."""
        return (TrainStack(self.network, data, recipe, seeds),)

    def built(self, training: Training, dtype: Dtype | None = None) -> "Single":
        from lab.fit import Stack

        return Stack(self.network.stack(training.weights.astype(dtype or training.weights.dtype)))

    @property
    def num_networks(self) -> tuple[int, ...]:
        return (len(self.seeds),)


J = TypeVar("J", Train, TrainStack)


def tuned(
    run: J,
    rates: Sequence[float],
    *,
    seeds: Sequence[int],
    data: Data | None = None,
    updates: int | None = None,
    by: Literal["held-out loss", "training loss"] = "held-out loss",
) -> J:
    """``run`` with the one of ``rates`` that is best in trials like it, on other seeds, which are not reported, and other
    data or fewer updates where given."""
    recipes = [replace(run.recipe, learning_rate=rate, num_updates=updates or run.recipe.num_updates) for rate in rates]
    trials = (trial for recipe in recipes for trial in run.trials(data or run.data, recipe, tuple(seeds)))
    if by == "held-out loss":  # nobody reads how well they fit what they were trained on
        trials = (replace(trial, final_examples=1) for trial in trials)
    return replace(run, tuned_by=LearningRateSearch(tuple(trials), by))


@dataclass(frozen=True)
class Weights:
    """All parameters of a network, in its order."""

    weights: Float[np.ndarray, " parameters"]


@dataclass(frozen=True)
class Start(Job[Weights]):
    """The weights that a network is initialised with from a seed."""

    network: Network
    seed: int

    def compute(self) -> Weights:
        from lab.building import flat_weights

        return Weights(flat_weights(self.network.build(self.seed)))

    @property
    def axes(self) -> dict[str, int]:
        return {"parameters": self.network.num_parameters}

    def placeholder(self) -> Weights:
        return Weights(
            -super().placeholder().weights
        )  # far from where a training ends, so that the ratio of two distances exists

    @property
    def flops(self) -> float:
        return costs.JOB


@dataclass(frozen=True)
class Outputs:
    """What networks answer to the held-out inputs; a stack has a leading axis of networks."""

    inputs: Float[np.ndarray, "test ..."]
    targets: Int[np.ndarray, " test"] | Float[np.ndarray, "test outputs"]
    outputs: Float[np.ndarray, "*networks test outputs"]


@dataclass(frozen=True)
class Predict(Job[Outputs]):
    """Answers of trained networks to the held-out inputs of their data."""

    of: Train | TrainStack

    def compute(self, training: Training) -> Outputs:
        from lab.losses import forward_in_slices

        split, model = self.of.data.load(), self.of.built(training)
        inputs = model.examples(split.held_out(dtype=self.of.recipe.dtype)).inputs
        outputs = forward_in_slices(model.module, inputs)
        return Outputs(*(item.cpu().numpy() for item in (split.test_inputs, split.test_targets, outputs)))

    @property
    def axes(self) -> dict[str, Any]:
        data, of = self.of.data, self.of
        return {"networks": of.num_networks, "test": data.sizes[1], "outputs": of.network.outputs, "...": data.input_shape}

    def placeholder(self) -> Outputs:
        made = super().placeholder()
        classes = made.targets % self.of.network.outputs
        return replace(
            made, targets=classes if self.of.data.is_classification else made.outputs.reshape(-1, *made.outputs.shape[-2:])[0]
        )

    @property
    def flops(self) -> float:
        return 2 * costs.JOB
