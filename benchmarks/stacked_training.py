"""Training small networks: one stack against one network after the other, on one thread, for the chapters' own shapes.

python benchmarks/stacked_training.py [--rounds 5] [--networks 20] [--updates 100]
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch

from lab.functions import FunctionSamples, SincPlusSine
from lab.models import MLP
from lab.training import Recipe, Train, TrainStack

NETWORKS = (MLP(1, (5, 10, 10, 10, 10, 10, 5), 1), MLP(1, (10, 18, 15, 4), 1), MLP(1, (190,), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--updates", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, recipe = FunctionSamples(SincPlusSine(), 0.01, 10.0, num_train=100), Recipe(1e-3, options.updates, None)
    for network in NETWORKS:
        seconds: dict[str, list[float]] = {"one by one": [], "stacked": []}
        for _ in range(options.rounds):
            started = time.perf_counter()
            for seed in range(options.networks):
                Train(network, data, recipe, seed).compute()
            seconds["one by one"].append(time.perf_counter() - started)
            started = time.perf_counter()
            TrainStack(network, data, recipe, tuple(range(options.networks))).compute()
            seconds["stacked"].append(time.perf_counter() - started)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        print(
            f"{network}: one by one {medians['one by one']:.2f} s, stacked {medians['stacked']:.2f} s, "
            f"ratio {medians['one by one'] / medians['stacked']:.1f}"
        )


if __name__ == "__main__":
    main()
