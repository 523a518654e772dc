"""Training on a loss of an author's own, that loss with its derivatives at any weights, and whether these are right.

The loop does what ``lab.fit.fit`` does, which knows the usual losses alone: with one of them, both give the same bytes.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.checkpoints import check_finite
from lab.fit import Single, _batches
from lab.losses import Loss, MeanLoss, forward_in_slices
from lab.objectives import LossFunction, Minimize, built, data_of
from lab.optimizers import Optimizer, learning_rate, tiny_is_zero
from lab.split import Examples
from lab.trained import Classification, Training
from lab.training import Train

CHECKED_EXAMPLES = 16
STEP = 1e-6  # of differences in float64: the smallest error, of rounding and of curvature together
TOLERANCE = 1e-4
TINY = 1e-4  # below this, a slope is rounding
EXPECTED = "expected torch's functions throughout, without detach(), item(), NumPy or rounding"
DIRECTIONS = 3
"""Directions of which one must do, as a difference may straddle the kink of a ReLU."""


@tiny_is_zero()
def minimize(job: Minimize) -> Training:
    """Train the network of ``job`` on its loss and measure it on the way, as ``lab.fit`` does."""
    recipe, split = job.recipe, job.on.load()
    if split.is_classification != job.on.is_classification:
        raise ValueError(f"{type(job.on).__name__}.is_classification is {job.on.is_classification}; its targets say otherwise")
    module = job.network.build(job.seed if job.initial_seed is None else job.initial_seed)
    check(FunctionLoss(job.loss, module.double(), split.train(CHECKED_EXAMPLES, "float64")))
    module.to(getattr(torch, recipe.dtype))
    model = Single(module)
    train, held_out = split.train(dtype=recipe.dtype), split.held_out(dtype=recipe.dtype)
    samples = train.first(job.history_examples[0]), held_out.first(job.history_examples[1])
    optimizer = Optimizer(recipe, model.parameters)
    batches = _batches(len(train.inputs), recipe.batch_size, (job.seed,), (), train.inputs.device)
    history: list[dict[str, np.ndarray]] = []
    checkpoints: list[np.ndarray] = []

    def differentiate() -> None:
        batch = next(batches)
        for parameter in model.parameters:
            parameter.grad = None
        job.loss(module(train.inputs[batch]), train.targets[batch]).mean().backward()

    def scores(parts: tuple[Examples, Examples]) -> dict[str, np.ndarray]:
        kinds = zip(("train", "test"), parts, strict=True)
        return dict(item for kind, part in kinds for item in _scores(job.loss, module, kind, part))

    def observe(step: int) -> None:
        if step in job.checkpoint_at:
            checkpoints.append(model.weights())
        if step in job.record_at:
            history.append({**scores(samples), "grad_norm": model.grad_norm()})

    for step in range(recipe.num_updates):
        differentiate()
        observe(step)
        optimizer.update(learning_rate(recipe, step))
    # Before the pass behind a record of the end, which would move the statistics of batch normalisation.
    final, statistics = scores((train, held_out)), model.statistics()
    differentiate()
    observe(recipe.num_updates)

    weights = model.weights()
    kind = Classification if split.is_classification else Training
    return kind(
        steps=np.unique(np.array(job.record_at, np.int64)),
        **{name: np.array([record[name] for record in history]) for name in (*final, "grad_norm")},
        **{f"final_{name}": value for name, value in final.items()},
        weights=weights,
        checkpoint_steps=np.unique(np.array(job.checkpoint_at, np.int64)),
        checkpoints=np.array(checkpoints, weights.dtype).reshape(-1, len(weights)),
        statistics=statistics,
    )


def _scores(loss: LossFunction, module: nn.Module, kind: str, part: Examples) -> list[tuple[str, np.ndarray]]:
    """Mean loss, and for classes accuracy, in evaluation mode and float64."""
    outputs, part = forward_in_slices(module, part.inputs).double(), part.first(None, "float64")
    found = [(f"{kind}_loss", loss(outputs, part.targets).mean().cpu().numpy())]
    if not part.targets.is_floating_point():
        found.append((f"{kind}_accuracy", (outputs.argmax(-1) == part.targets).double().mean(-1).cpu().numpy()))
    return found


class FunctionLoss(MeanLoss):
    """The mean of an author's loss function over examples, at any weights of one network, with its derivatives."""

    def __init__(self, function: LossFunction, model: nn.Module, examples: Examples):
        super().__init__(model, examples)
        self.function = function

    def _mean(self, weights: Tensor, examples: Examples) -> Tensor:
        return self.function(self.outputs(weights, examples.inputs), examples.targets).mean(-1)


def loss_at(of: Train | Minimize, training: Training, at_step: int | None = None, num_examples: int | None = None) -> MeanLoss:
    """The mean training loss in float64, without weight decay, at the weights after ``at_step`` updates or at the end: its
    ``value``, ``gradient`` and Hessian's ``product``, for an instrument of one's own; ``lab.curvature.Hessian`` takes it.

    ``num_examples`` are the first ones; None for all of them. Raises ValueError where the training diverged, or where the
    derivatives of an author's loss are wrong.
    """
    check_finite(training.weights_at(at_step), (of.seed,))
    model, examples = built(of, training, at_step, "float64"), data_of(of).load().train(num_examples, "float64")
    if isinstance(of, Train):
        return MeanLoss(model, examples)
    check(FunctionLoss(of.loss, model, examples.first(CHECKED_EXAMPLES)))
    return FunctionLoss(of.loss, model, examples)


def check(loss: FunctionLoss) -> None:
    """ValueError where an author's loss is not one number per example, or where its gradient or its Hessian is not what
    differences of values and of gradients say, in float64, along random directions."""
    _check_values(loss)
    _check_derivatives(loss)


def _check_values(loss: FunctionLoss) -> None:
    name, examples = type(loss.function).__name__, loss.examples
    with torch.no_grad():
        outputs = loss.outputs(loss.weights, examples.inputs)
        found = loss.function(outputs, examples.targets)
        if found.shape != examples.targets.shape[:1]:
            raise ValueError(
                f"{name} returned shape {tuple(found.shape)} for {len(outputs)} examples; expected one number per example, "
                "as .mean(-1) over what is in one gives"
            )
        if found.dtype != outputs.dtype:
            raise ValueError(f"{name} returned {found.dtype} for outputs in {outputs.dtype}; expected the same precision")
        alone = torch.cat([loss.function(outputs[i : i + 1], examples.targets[i : i + 1]) for i in range(len(outputs))])
        if not torch.allclose(found, alone, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise ValueError(
                f"{name} of an example depends on the others, or draws numbers: alone, examples cost "
                f"{alone.tolist()[:3]}..., together {found.tolist()[:3]}...; expected a function of one answer and its target"
            )
    if not torch.isfinite(found).all():
        raise ValueError(f"{name} of the untrained network is {found.tolist()[:3]}...; expected finite numbers")


def _check_derivatives(loss: FunctionLoss) -> None:
    name, weights = type(loss.function).__name__, loss.weights
    random = np.random.default_rng(0)
    directions = [torch.from_numpy(random.standard_normal(len(weights))).to(weights) for _ in range(DIRECTIONS)]
    for derivative, error in (("gradient", _gradient_error), ("Hessian", _hessian_error)):
        try:
            least = min(error(loss, weights, direction / direction.norm()) for direction in directions)
        except RuntimeError as trouble:  # of torch, such as that something does not require grad
            raise ValueError(f"{name} has no {derivative}: {str(trouble).splitlines()[0]}; {EXPECTED}") from trouble
        if not least <= TOLERANCE:
            raise ValueError(
                f"the {derivative} of {name} is not that of its values: differences in float64 are {least:.1g} of it away; "
                f"{EXPECTED}"
            )


def _gradient_error(loss: Loss, weights: Float[Tensor, " parameters"], direction: Float[Tensor, " parameters"]) -> float:
    """How far the slope along a direction is from a difference of values, as a share of a usual slope."""
    gradient = loss.gradient(weights)
    ahead, behind = (loss.value(weights + sign * STEP * direction) for sign in (1, -1))
    slope = (ahead - behind) / (2 * STEP)
    usual = gradient.norm() / len(weights) ** 0.5
    return float((gradient @ direction - slope).abs() / torch.stack([usual, slope.abs(), torch.full_like(usual, TINY)]).max())


def _hessian_error(loss: Loss, weights: Float[Tensor, " parameters"], direction: Float[Tensor, " parameters"]) -> float:
    """How far the Hessian times a direction is from a difference of gradients, as a share of either."""
    product = loss.product(weights, direction)
    ahead, behind = (loss.gradient(weights + sign * STEP * direction) for sign in (1, -1))
    difference = (ahead - behind) / (2 * STEP)
    # Where the loss is made of planes, both are rounding.
    rounding = torch.full_like(product.norm(), TINY) + TINY * ahead.norm()
    return float((product - difference).norm() / torch.stack([product.norm(), difference.norm(), rounding]).max())
