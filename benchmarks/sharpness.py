"""The search for the worst weights in a box: what each way finds and how long it takes, on one thread.

Ours is L-BFGS-B in half-widths of the box with a scaled objective; the plain ways hand phi to SciPy as the paper writes it,
in the weights' own units or in half-widths; the reference steps from corner to corner by the signs of the gradient, ten
times and a hundred times. Rounds alternate between the ways, and medians are compared.

    python benchmarks/sharpness.py [--rounds 3] [--examples 1000] [--updates 1500]
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from scipy.optimize import fmin_l_bfgs_b

from experiments.original import DNN
from lab.box_search import START, Objective, around, half_widths, maximize_in_box
from lab.data import MNIST
from lab.losses import training_loss
from lab.sharpness import Kind, Sharpness
from lab.training import Recipe, Train

BOXES: dict[str, tuple[float, Kind]] = {
    "keskar 1e-3": (1e-3, "keskar"),
    "keskar 5e-4": (5e-4, "keskar"),
    "adaptive 1e-2": (1e-2, "adaptive"),
}


def plain(objective: Objective, widths: np.ndarray, own_units: bool) -> float:
    """SciPy on phi as it is written, from the start that ours has."""
    here, found = objective(np.zeros_like(widths))[0], []
    scale, unit = (np.ones_like(widths), widths) if own_units else (widths, np.ones_like(widths))

    def descend(place: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(place * scale)
        found.append(value)
        return -100 * (value - here) / (1 + here), -100 * gradient * scale / (1 + here)

    start = np.random.default_rng([0, 0]).uniform(-START, START, len(widths))
    bounds = np.stack([-unit, unit], axis=1)
    fmin_l_bfgs_b(descend, start * unit, bounds=bounds, factr=0.0, pgtol=0.0, maxiter=10, maxfun=20)  # pyright: ignore[reportArgumentType]
    return max(here, *found)


def by_signs(objective: Objective, widths: np.ndarray, num_steps: int) -> float:
    """From corner to corner, each the best by the slope at the one before."""
    units, found = np.random.default_rng([0, 0]).uniform(-START, START, len(widths)), []
    for _ in range(num_steps):
        value, gradient = objective(widths * units)
        found.append(value)
        units = np.sign(gradient)
    return max(found)


WAYS: dict[str, Callable[[Objective, np.ndarray], float]] = {
    "ours": lambda objective, widths: maximize_in_box(objective, widths, 10, 0)[1],
    "plain, weights' units": lambda objective, widths: plain(objective, widths, own_units=True),
    "plain, half-widths": lambda objective, widths: plain(objective, widths, own_units=False),
    "10 steps by signs": lambda objective, widths: by_signs(objective, widths, 10),
    "100 steps by signs": lambda objective, widths: by_signs(objective, widths, 100),
}


def counted(objective: Objective, evaluations: Counter[str], name: str) -> Objective:
    """The objective, each evaluation of which is counted under ``name``."""

    def evaluate(offset: np.ndarray) -> tuple[float, np.ndarray]:
        evaluations[name] += 1
        return objective(offset)

    return evaluate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--updates", type=int, default=1500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for batch_size in (64, 1024):
        of = Train(DNN, MNIST(10_000), Recipe(1e-3, options.updates, batch_size), 0)
        loss = training_loss(of, of.compute(), options.examples)
        weights, objective = loss.weights.numpy(), around(loss)
        here = objective(np.zeros_like(weights))[0]
        for box, (epsilon, kind) in BOXES.items():
            widths = half_widths(weights, Sharpness(of, epsilon, options.examples, kind))
            seconds, found, evaluations = {name: [] for name in WAYS}, {}, Counter[str]()
            for _ in range(options.rounds):
                for name, way in WAYS.items():
                    started = time.perf_counter()
                    found[name] = way(counted(objective, evaluations, name), widths)
                    seconds[name].append(time.perf_counter() - started)
            print(f"batch {batch_size}, {box}")
            for name, largest in found.items():
                phi, number = 100 * (largest - here) / (1 + here), evaluations[name] // options.rounds
                print(f"  {name}: phi {phi:.4g}, {number} evaluations, {statistics.median(seconds[name]):.2f} s")


if __name__ == "__main__":
    main()
