"""The one training loop, for one network and for a stack of small ones, and the jobs that run it.

Losses and accuracies are measured in evaluation mode on the weights as they are at that step, never as running averages
over batches: histories on a fixed sample, final numbers on everything trained on and on the whole held-out set.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab import costs
from lab.data import Data, Split
from lab.models import MLP, StackedMLP, flat_statistics, flat_weights
from lab.network import Network
from lab.trained import Classification, Training
from measured.jobs import Job

R = TypeVar("R", bound=Training, covariant=True)

HISTORY_EXAMPLES = (5_000, 2_000)
"""Training and held-out examples on which histories are measured, where a job does not say otherwise."""
EVALUATION_SLICE = 250  # examples at a time: their activations stay in the processor's cache
WORKER_FLOPS = 5e10  # goes with the last instrument that counts in seconds


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Loss: cross-entropy for classes, mean squared error for functions."""

    learning_rate: float
    num_updates: int
    batch_size: int | None = 64
    """Examples an update, drawn without replacement until all were seen; None for all of them every time."""
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

    def make_optimizer(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Elementwise in all its options, so that one optimizer over a stack is one a network."""
        if self.optimizer == "adam":
            return torch.optim.Adam(parameters, lr=self.learning_rate, weight_decay=self.weight_decay, fused=True)
        return torch.optim.SGD(parameters, self.learning_rate, self.momentum, weight_decay=self.weight_decay, fused=True)

    def make_scheduler(self, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
        schedulers = torch.optim.lr_scheduler
        if self.schedule == "one_cycle":
            # Torch would cycle the momentum as well, between 0.85 and 0.95, whatever the recipe says.
            return schedulers.OneCycleLR(optimizer, self.learning_rate, total_steps=self.num_updates + 1, cycle_momentum=False)
        if self.schedule == "cosine":
            return schedulers.CosineAnnealingLR(optimizer, T_max=self.num_updates)
        return schedulers.ConstantLR(optimizer, factor=1.0, total_iters=0)


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
    by: Literal["held-out loss", "training loss"] = "held-out loss"
    """What is to be low. Held-out loss favours rates that stop short of fitting noise; where fitting is the question, training loss decides."""

    def compute(self, *trainings: Training) -> ChosenLearningRate:
        losses: dict[float, list[float]] = {}
        for trial, training in zip(self.trials, trainings, strict=True):
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
    """What ``Train`` and ``TrainStack`` share. On classes the result is a ``Classification``, which the type of the data says as well."""

    network: Network
    data: Data[R]
    recipe: Recipe
    record_at: tuple[int, ...] = field(default=(), kw_only=True)
    """Numbers of updates after which the histories are measured."""
    checkpoint_at: tuple[int, ...] = field(default=(), kw_only=True)
    """Numbers of updates after which the weights are kept."""
    history_examples: tuple[int, int] = field(default=HISTORY_EXAMPLES, kw_only=True)
    """Training and held-out examples, the first ones, on which the histories are measured."""
    tuned_by: LearningRateSearch | None = field(default=None, kw_only=True)
    """Where the learning rate comes from, instead of from the recipe."""

    def __post_init__(self):
        late = [step for step in (*self.record_at, *self.checkpoint_at) if not 0 <= step <= self.recipe.num_updates]
        if late:
            raise ValueError(f"cannot record after update {late[0]} of {self.recipe.num_updates}")
        if min(self.history_examples) < 1:
            raise ValueError(f"history_examples is {self.history_examples}; expected at least one example of each kind")

    def _fit(self, model: nn.Module, chosen: ChosenLearningRate | None, seed: "int | tuple[int, ...]") -> R:
        recipe = replace(self.recipe, learning_rate=chosen.learning_rate) if chosen else self.recipe
        split = self.data.load()
        if split.is_classification != self.data.is_classification:
            raise ValueError(
                f"{type(self.data).__name__}.is_classification is {self.data.is_classification}; its targets say otherwise"
            )
        if isinstance(model, StackedMLP):
            split = replace(split, train_inputs=split.train_inputs.flatten(1), test_inputs=split.test_inputs.flatten(1))
        return fit(model, split, recipe, seed, self.record_at, self.checkpoint_at, self.history_examples)  # pyright: ignore[reportReturnType]

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

    def placeholder(self) -> R:
        steps = {"steps": np.unique(self.record_at), "checkpoint_steps": np.unique(self.checkpoint_at)}
        return replace(super().placeholder(), **{name: values.astype(np.int64) for name, values in steps.items()})

    @property
    def flops(self) -> float:
        num_train, num_held_out = self.data.sizes
        batch = min(self.recipe.batch_size or num_train, num_train)
        examples = self.recipe.num_updates * batch * 3  # forward, and twice that backward
        sample = min(self.history_examples[0], num_train) + min(self.history_examples[1], num_held_out)
        examples += len(self.record_at) * sample + num_train + num_held_out
        units = sum(int(np.prod(layer.output_shape)) for layer in self.network.layers)
        per_example = self.network.num_flops + costs.MOVE * units
        return int(np.prod(self.num_networks)) * examples * per_example + self.recipe.num_updates * costs.UPDATE


@dataclass(frozen=True)
class Train(_TrainingJob[R]):
    """One network trained from one seed, which sets its initial weights and the order of its examples."""

    seed: int
    initial_seed: int | None = field(default=None, kw_only=True)
    """Seed of the initial weights alone, so that runs can start at the same point; None for ``seed``."""

    def compute(self, chosen: ChosenLearningRate | None = None) -> R:
        model = self.network.build(self.seed if self.initial_seed is None else self.initial_seed)
        return self._fit(model, chosen, self.seed)

    def rebuilt(self, training: Training, dtype: Literal["float32", "float64"] | None = None) -> nn.Module:
        """The trained network in evaluation mode, in the precision of its training or in ``dtype``."""
        weights = training.weights.astype(dtype or training.weights.dtype)
        return self.network.with_weights(weights, training.statistics).eval()

    @property
    def num_networks(self) -> tuple[int, ...]:
        return ()


@dataclass(frozen=True)
class TrainStack(_TrainingJob[R]):
    """Small networks of one shape in one batched program, each as ``Train`` would train it from its seed."""

    seeds: tuple[int, ...]

    def compute(self, chosen: ChosenLearningRate | None = None) -> R:
        if not isinstance(self.network, MLP):
            raise ValueError(f"only MLPs stack; train {self.network} with Train, one job a seed")
        return self._fit(self.network.build_stack(self.seeds), chosen, self.seeds)

    @property
    def num_networks(self) -> tuple[int, ...]:
        return (len(self.seeds),)


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
        network, split = self.of.network, self.of.data.load()
        inputs = split.test_inputs
        if isinstance(network, MLP) and training.weights.ndim == 2:
            model, inputs = StackedMLP(network, training.weights), inputs.flatten(1)
        else:
            model = network.with_weights(training.weights, training.statistics)
        dtype = next(model.parameters()).dtype
        outputs = forward_in_slices(model, inputs.to(dtype))
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


# ---------------------------------------------------------------------------------------------------------------------
# The loop


def fit(
    model: nn.Module,
    split: Split,
    recipe: Recipe,
    seed: int | Sequence[int],
    record_at: Sequence[int] = (),
    checkpoint_at: Sequence[int] = (),
    history_examples: tuple[int, int] = HISTORY_EXAMPLES,
) -> Training:
    """Train ``model`` in place and measure it on the way.

    A sequence of seeds goes with a stack: network ``i`` sees the examples in the order that ``seed[i]`` sets.
    """
    model.to(getattr(torch, recipe.dtype))
    train, held_out = split.train(dtype=recipe.dtype), split.held_out(dtype=recipe.dtype)
    samples = [split.train(history_examples[0], recipe.dtype), split.held_out(history_examples[1], recipe.dtype)]
    parameters = list(model.parameters())
    optimizer = recipe.make_optimizer(parameters)
    scheduler = recipe.make_scheduler(optimizer)
    batches = _batches(len(train.inputs), recipe.batch_size, seed, train.inputs.device)
    history: dict[int, tuple[Scores, Scores, np.ndarray]] = {}
    checkpoints: dict[int, np.ndarray] = {}
    final: tuple[Scores, Scores, np.ndarray] | None = None

    for step in range(recipe.num_updates + 1):
        if step in checkpoint_at:
            checkpoints[step] = flat_weights(model)
        if step == recipe.num_updates:
            # Before the pass of a last record, which would move the statistics of batch normalisation.
            found = [evaluate(model, part.inputs, part.targets) for part in (train, held_out)]
            final = found[0], found[1], flat_statistics(model)
            if step not in record_at:
                break
        batch = next(batches)
        optimizer.zero_grad()
        mean_loss(model(train.inputs[batch]), train.targets[batch]).sum().backward()
        if step in record_at:
            found = [evaluate(model, part.inputs, part.targets) for part in samples]
            history[step] = (found[0], found[1], _grad_norm(parameters, stacked=not isinstance(seed, int)))
        if step < recipe.num_updates:
            optimizer.step()
            scheduler.step()

    def over_time(pick) -> np.ndarray:
        values = [pick(history[step]) for step in sorted(history)]
        networks = () if isinstance(seed, int) else (len(seed),)
        return np.stack(values, axis=-1) if values else np.zeros((*networks, 0))

    assert final is not None  # a recipe has one update at least
    final_train, final_test, statistics = final
    weights = flat_weights(model)
    kept = [checkpoints[step] for step in sorted(checkpoints)]
    measured = {
        "steps": np.array(sorted(history), dtype=np.int64),
        "train_loss": over_time(lambda record: record[0].loss),
        "test_loss": over_time(lambda record: record[1].loss),
        "grad_norm": over_time(lambda record: record[2]),
        "final_train_loss": final_train.loss,
        "final_test_loss": final_test.loss,
        "weights": weights,
        "checkpoint_steps": np.array(sorted(checkpoints), dtype=np.int64),
        "checkpoints": np.stack(kept, -2) if kept else np.zeros((*weights.shape[:-1], 0, weights.shape[-1]), weights.dtype),
        "statistics": statistics,
    }
    if not split.is_classification:
        return Training(**measured)
    return Classification(
        **measured,
        train_accuracy=over_time(lambda record: record[0].accuracy),
        test_accuracy=over_time(lambda record: record[1].accuracy),
        final_train_accuracy=final_train.accuracy,
        final_test_accuracy=final_test.accuracy,
    )


def mean_loss(outputs: Float[Tensor, "*networks batch outputs"], targets: Tensor) -> Float[Tensor, "*networks"]:
    """Mean over the batch: cross-entropy in nats for classes, squared error for values. One number a network."""
    if targets.is_floating_point():
        return (outputs - targets).square().mean((-2, -1))
    losses = nn.functional.cross_entropy(outputs.flatten(0, -2), targets.expand(outputs.shape[:-1]).flatten(), reduction="none")
    return losses.reshape(outputs.shape[:-1]).mean(-1)


@dataclass(frozen=True)
class Scores:
    """Mean loss and accuracy over a set of examples, in float64; accuracy is NaN where the targets are values."""

    loss: Float[np.ndarray, "*networks"]
    accuracy: Float[np.ndarray, "*networks"]


def evaluate(model: nn.Module, inputs: Tensor, targets: Tensor) -> Scores:
    """Mean loss and accuracy in evaluation mode, without gradients; the model's mode is restored."""
    outputs = forward_in_slices(model, inputs).double()
    loss = mean_loss(outputs, targets.double() if targets.is_floating_point() else targets)
    correct = torch.full_like(loss, torch.nan)
    if not targets.is_floating_point():
        correct = (outputs.argmax(-1) == targets).double().mean(-1)
    return Scores(loss.cpu().numpy(), correct.cpu().numpy())


def forward_in_slices(model: nn.Module, inputs: Float[Tensor, "examples ..."]) -> Float[Tensor, "*networks examples outputs"]:
    """Outputs in evaluation mode without gradients, computed in slices that fit the processor's cache."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            return torch.cat([model(part) for part in inputs.split(EVALUATION_SLICE)], dim=-2)
    finally:
        model.train(was_training)


def _batches(
    num_examples: int, batch_size: int | None, seed: int | Sequence[int], device: torch.device
) -> Iterator[slice | Int[Tensor, "*networks batch"]]:
    """Indices of the examples of each update, without end; the last batch of an epoch holds what is left."""
    while batch_size is None:
        yield slice(None)
    generators = [_order_generator(item) for item in ([seed] if isinstance(seed, int) else seed)]
    while True:
        orders = torch.stack([torch.randperm(num_examples, generator=item, device="cpu") for item in generators])
        yield from (orders[0] if isinstance(seed, int) else orders).to(device).split(batch_size, dim=-1)


def _order_generator(seed: int) -> torch.Generator:
    """The generator of the order of examples: another stream than that of the initial weights, which the same seed sets."""
    # Torch's generator keeps the lower 32 bits of a seed, so adding 2**32 would not tell the two apart.
    return torch.Generator("cpu").manual_seed(int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]))


def _grad_norm(parameters: list[nn.Parameter], stacked: bool) -> np.ndarray:
    keep = 1 if stacked else 0
    squares = [parameter.grad.double().square().flatten(keep).sum(-1) for parameter in parameters if parameter.grad is not None]
    return torch.stack(squares).sum(0).sqrt().cpu().numpy()
