"""Milliseconds of one update of small networks: a plain loop of torch, our loop, and our loop over a stack, on one thread.

The plain loop is what a tutorial shows, at its fastest: images in memory, torch's own layers, automatic differentiation, fused
Adam. The three ways take turns within one run, and medians are compared; a stack's time is that of one of its networks. The
data are the chapters' own. Exit code 1 where our loop comes to other weights than the plain one, or is slower.

    python benchmarks/small_trainings.py [--rounds 5] [--milliseconds 100] [--networks 8]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch

from lab import fit
from lab.activations import Tanh
from lab.data import MNIST, Data, Dtype
from lab.functions import FunctionSamples, SincPlusSine
from lab.models import MLP
from lab.optimizers import Optimizer, tiny_is_zero
from lab.training import Recipe

IMAGES, WAVE = MNIST(10_000, num_held_out=1), FunctionSamples(SincPlusSine(), 0.01, 10.0, num_train=256)
CASES: tuple[tuple[MLP, Data, int | None], ...] = (
    *((MLP(784, (32, 32), 10), IMAGES, size) for size in (16, 64, 128, 256, 1024)),
    (MLP(784, (4,), 10), IMAGES, 64),
    (MLP(784, (64,), 10), IMAGES, 64),
    (MLP(784, (512,), 10), IMAGES, 64),
    (MLP(784, (512,) * 5, 10, batch_norm=True), IMAGES, 43),
    (MLP(1, (10, 18, 15, 4), 1, Tanh()), WAVE, 16),
    (MLP(1, (5, 10, 10, 10, 10, 10, 5), 1), WAVE, None),
    (MLP(1, (190,), 1), WAVE, None),
)
"""Networks, data and examples in a batch."""
RATE = 1e-3


class Plain:
    """The plain loop on one network."""

    def __init__(self, network: MLP, data: Data, batch_size: int | None, dtype: torch.dtype = torch.float32):
        examples = data.load().train()
        self.module = network.build(0).to(dtype)
        self.inputs, self.targets = examples.inputs.to(dtype), examples.targets
        self.loss = torch.nn.functional.cross_entropy
        if self.targets.is_floating_point():
            self.targets, self.loss = self.targets.to(dtype), torch.nn.functional.mse_loss
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=RATE, fused=True)
        self.batches = fit._batches(len(self.inputs), batch_size, (0,), (), self.inputs.device)

    def __call__(self) -> None:
        batch = next(self.batches)
        self.optimizer.zero_grad()
        self.loss(self.module(self.inputs[batch]), self.targets[batch]).backward()
        self.optimizer.step()


class Ours:
    """What ``lab.fit`` does for one update, of one network or of a stack."""

    def __init__(
        self, network: MLP, data: Data, batch_size: int | None, num_networks: int | None = None, dtype: Dtype = "float32"
    ):
        seeds = (0,) if num_networks is None else tuple(range(num_networks))
        built = network.build(0) if num_networks is None else network.build_stack(seeds)
        model = fit.Single(built) if num_networks is None else fit.Stack(built)  # pyright: ignore[reportArgumentType]
        built.to(getattr(torch, dtype))
        examples = model.examples(data.load().train(dtype=dtype))
        self.module, self.differentiate = built, fit.gradients(built, examples, batch_size)
        self.optimizer = Optimizer(Recipe(RATE, 1, batch_size), self.differentiate.parameters)
        self.batches = fit._batches(len(examples.inputs), batch_size, seeds, model.networks, examples.inputs.device)

    @tiny_is_zero()
    def __call__(self) -> None:
        self.differentiate(next(self.batches))
        self.optimizer.update(RATE)


def milliseconds(update: Callable[[], None], at_least: float) -> float:
    """Of one update, in a row of them that takes at least so long."""
    update()
    number, started = 0, time.perf_counter()
    while (elapsed := 1000 * (time.perf_counter() - started)) < at_least or number < 3:
        update()
        number += 1
    return elapsed / number


def difference(network: MLP, data: Data, batch_size: int | None) -> float:
    """Of the losses of all examples after 20 updates in float64 by either loop, which the one takes as the other does."""
    plain, ours = Plain(network, data, batch_size, torch.float64), Ours(network, data, batch_size, dtype="float64")
    for _ in range(20):
        plain()
        ours()
    with torch.no_grad():
        losses = [plain.loss(module.eval()(plain.inputs), plain.targets) for module in (plain.module, ours.module)]
    return abs(float(losses[0] - losses[1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--milliseconds", type=float, default=100.0, help="that each way takes in a round")
    parser.add_argument("--networks", type=int, default=8, help="in a stack")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'network':42} {'batch':>6} {'plain':>8} {'ours':>8} {'ratio':>6} {'stacked':>8} {'ratio':>6}")
    failed = False
    for network, data, batch_size in CASES:
        ways: dict[str, Callable[[], None]] = {
            "plain": Plain(network, data, batch_size),
            "ours": Ours(network, data, batch_size),
        }
        if not network.batch_norm:
            ways["stacked"] = Ours(network, data, batch_size, options.networks)
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, update in ways.items():
                share = options.networks if name == "stacked" else 1
                found[name].append(milliseconds(update, options.milliseconds) / share)
        medians = {name: statistics.median(values) for name, values in found.items()}
        wrong = difference(network, data, batch_size) > 1e-10
        line = f"{network!s:42} {batch_size or 'all':>6} {medians['plain']:8.3f}"
        for name in list(medians)[1:]:
            line += f" {medians[name]:8.3f} {medians['plain'] / medians[name]:6.1f}"
        print(line + ("  WRONG: another loss after 20 updates" if wrong else ""), flush=True)
        failed |= wrong or medians["ours"] > medians["plain"]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
