"""Training throughput of the 242,062-parameter CNN: two of our workers against a plain DataLoader loop with two threads.

Both train on the shipped MNIST with batch 64 and Adam. The two ways alternate within one run, and medians are compared. The
plain way is what a tutorial shows: TensorDataset, DataLoader, channels first, ReLU before pooling, default Adam,
``loss.item()`` for a running average.

    python benchmarks/cnn_throughput.py [--rounds 5] [--images 6400]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from torch import nn

from experiments import original
from lab.data import MNIST
from lab.training import Recipe, Train
from measured.jobs import gather
from measured.jobs.cache import Cache
from measured.jobs.pool import using
from measured.jobs.remote import Code
from measured.jobs.workers import Workers

CODE = Code(Path(__file__).parents[1], ("lab",))
BATCH_SIZE = 64


def plain(images: int) -> float:
    """Images a second of the plain loop, two threads, one process."""
    torch.set_num_threads(2)
    split = MNIST(images).load()
    data = torch.utils.data.TensorDataset(split.train_inputs.contiguous(), split.train_targets)
    loader = torch.utils.data.DataLoader(data, BATCH_SIZE, shuffle=True)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 36, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(36 * 49, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    running, started = 0.0, time.perf_counter()
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        running += loss.item()
    return images / (time.perf_counter() - started)


def ours(pool: Workers, images: int, round_number: int) -> float:
    """Images a second of two workers together, each training one network; start-up and evaluation are in the time."""
    network, data = original.CNN_16_36, MNIST(images, num_held_out=BATCH_SIZE)

    def jobs(num_updates: int, first_seed: int) -> list[Train]:
        return [Train(network, data, Recipe(1e-3, num_updates, BATCH_SIZE), first_seed + k) for k in range(2)]

    seed = 1000 * round_number
    started = time.perf_counter()
    gather(jobs(1, seed))  # what every job costs besides its updates
    overhead = time.perf_counter() - started
    started = time.perf_counter()
    gather(jobs(1 + images // BATCH_SIZE, seed + 10))
    return 2 * images / (time.perf_counter() - started - overhead)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=6400)
    options = parser.parse_args()
    rates: dict[str, list[float]] = {"plain": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        pool = Workers.local(Cache(Path(folder)), CODE, 2)
        with using(pool):
            ours(pool, BATCH_SIZE, 999)  # both workers import torch and read MNIST
            for number in range(options.rounds):
                rates["plain"].append(plain(options.images))
                rates["ours"].append(ours(pool, options.images, number))
        pool.close()
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, values in rates.items():
        print(f"{name:6} median {medians[name]:7,.0f} images/s   (rounds: {', '.join(f'{value:,.0f}' for value in values)})")
    print(f"ratio  {medians['ours'] / medians['plain']:.2f}")


if __name__ == "__main__":
    main()
