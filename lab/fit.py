"""The one training loop, for one network and for a stack of small ones.

Losses and accuracies are measured in evaluation mode on the weights as they are at that step, never as running averages
over batches: histories on a fixed sample, final numbers on everything trained on, or a part, and on the whole held-out set.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.building import flat_statistics, flat_weights
from lab.closed_form import ClosedForm, is_covered
from lab.losses import evaluate, mean_loss
from lab.optimizers import Optimizer, learning_rate, tiny_is_zero
from lab.split import Examples, Split
from lab.stack import StackedMLP
from lab.trained import Classification, Training
from lab.training import HISTORY_EXAMPLES, Recipe


class Single:
    """One network, as the loop sees it. What is measured of it has no leading axis."""

    networks: tuple[int, ...] = ()

    def __init__(self, module: nn.Module):
        self.module = module
        self.parameters = list(module.parameters())

    def examples(self, examples: Examples) -> Examples:
        """The examples as the network takes them."""
        return examples

    def weights(self) -> Float[np.ndarray, "*networks parameters"]:
        """As they are now."""
        return flat_weights(self.module)

    def statistics(self) -> Float[np.ndarray, "*networks statistics"]:
        """Of batch normalisation, as they are now."""
        return flat_statistics(self.module)

    def grad_norm(self) -> Float[np.ndarray, "*networks"]:
        """Euclidean norm of the gradient over all parameters."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        squares = [gradient.double().square().flatten(len(self.networks)).sum(-1) for gradient in gradients]
        return torch.stack(squares).sum(0).sqrt().cpu().numpy()


class Stack(Single):
    """Networks of one shape in one batched program; what is measured of them has a leading axis of networks."""

    def __init__(self, module: StackedMLP):
        super().__init__(module)
        self.stack = module
        self.networks = (len(module.weights[0]),)

    def examples(self, examples: Examples) -> Examples:
        return replace(examples, inputs=examples.inputs.flatten(1))

    def weights(self) -> Float[np.ndarray, "*networks parameters"]:
        return self.stack.flat().detach().cpu().numpy()

    def statistics(self) -> Float[np.ndarray, "*networks statistics"]:
        return np.zeros((*self.networks, 0), np.float32)


@tiny_is_zero()
def fit(
    model: Single,
    split: Split,
    recipe: Recipe,
    seeds: Sequence[int],
    record_at: Sequence[int] = (),
    checkpoint_at: Sequence[int] = (),
    history_examples: tuple[int, int] = HISTORY_EXAMPLES,
    final_examples: int | None = None,
) -> Training:
    """Train ``model`` in place and measure it on the way; network ``i`` sees the examples in the order that ``seeds[i]``
    sets."""
    model.module.to(getattr(torch, recipe.dtype))
    train, held_out = (model.examples(part) for part in (split.train(dtype=recipe.dtype), split.held_out(dtype=recipe.dtype)))
    sample = train.first(history_examples[0]), held_out.first(history_examples[1])
    differentiate = gradients(model.module, train, recipe.batch_size)
    optimizer = Optimizer(recipe, differentiate.parameters)
    batches = _batches(len(train.inputs), recipe.batch_size, seeds, model.networks, train.inputs.device)
    history: list[dict[str, np.ndarray]] = []
    checkpoints: list[np.ndarray] = []

    def observe(step: int) -> None:
        if step in checkpoint_at:
            checkpoints.append(model.weights())
        if step in record_at:
            history.append({**_scores(model.module, *sample), "grad_norm": model.grad_norm()})

    for step in range(recipe.num_updates):
        differentiate(next(batches))
        observe(step)
        optimizer.update(learning_rate(recipe, step))
    # Before the pass behind a record of the end, which would move the statistics of batch normalisation.
    final, statistics = _scores(model.module, train.first(final_examples), held_out), model.statistics()
    differentiate(next(batches))
    observe(recipe.num_updates)

    weights = model.weights()
    over_time = {
        name: np.stack([record[name] for record in history], -1) if history else np.zeros((*model.networks, 0))
        for name in (*final, "grad_norm")
    }
    kind = Classification if split.is_classification else Training
    return kind(
        steps=np.unique(np.array(record_at, np.int64)),
        **over_time,
        **{f"final_{name}": value for name, value in final.items()},
        weights=weights,
        checkpoint_steps=np.unique(np.array(checkpoint_at, np.int64)),
        checkpoints=np.stack(checkpoints, -2) if checkpoints else weights[..., None, :][..., :0, :],
        statistics=statistics,
    )


class Automatic:
    """Leaves the gradient of a module's mean loss in the parameters' ``grad``, whatever the module is."""

    def __init__(self, module: nn.Module, examples: Examples):
        self._module, self._examples, self.parameters = module, examples, list(module.parameters())

    def __call__(self, batch: slice | Int[Tensor, "*networks batch"]) -> None:
        """Of the loss on the examples of these numbers; of a stack, the gradient of each network's own."""
        for parameter in self.parameters:
            parameter.grad = None
        mean_loss(self._module(self._examples.inputs[batch]), self._examples.targets[batch]).sum().backward()


def gradients(module: nn.Module, examples: Examples, batch_size: int | None) -> Automatic | ClosedForm:
    """By formulas where there are some."""
    if is_covered(module, len(examples.inputs), batch_size):
        return ClosedForm(module, examples, batch_size)
    return Automatic(module, examples)


def _scores(model: nn.Module, train: Examples, held_out: Examples) -> dict[str, np.ndarray]:
    """Losses, and for classes accuracies, by name."""
    found = {}
    for name, part in (("train", train), ("test", held_out)):
        scores = evaluate(model, part.inputs, part.targets)
        found[f"{name}_loss"] = scores.loss
        if not part.targets.is_floating_point():
            found[f"{name}_accuracy"] = scores.accuracy
    return found


def _batches(
    num_examples: int, batch_size: int | None, seeds: Sequence[int], networks: tuple[int, ...], device: torch.device
) -> Iterator[slice | Int[Tensor, "*networks batch"]]:
    """Indices of the examples of each update, without end; the last batch of an epoch holds what is left."""
    while batch_size is None:
        yield slice(None)
    generators = [_order_generator(seed) for seed in seeds]
    while True:
        orders = torch.stack([torch.randperm(num_examples, generator=item, device="cpu") for item in generators])
        yield from orders.reshape(*networks, num_examples).to(device).split(batch_size, dim=-1)


def _order_generator(seed: int) -> torch.Generator:
    """The generator of the order of examples: another stream than that of the initial weights, which the same seed sets."""
    # Torch's generator keeps the lower 32 bits of a seed, so adding 2**32 would not tell the two apart.
    return torch.Generator("cpu").manual_seed(int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]))
