"""100 trainings of a 33-parameter network and their Hessian spectra: stacked in two workers against one by one.

python benchmarks/hundred_trainings.py [--rounds 3] [--updates 300] [--networks 100] [--block 50] [--plain 4]

The plain way builds each network with torch's own layers, trains it with torch's Adam and takes torch.func.hessian. It runs
on the first ``--plain`` networks of each round and is scaled to all of them. Processes and workers are started, and
everything is compiled and warm, before the clock starts. Exit code 1 if a ratio or an agreement is not what it should be.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch

from lab.activations import Tanh
from lab.checkpoints import Checkpoint
from lab.critical_points import CriticalPoints
from lab.functions import FunctionSamples, Sinc5
from lab.models import MLP
from lab.training import Recipe, TrainStack
from measured.jobs import gather
from measured.jobs.cache import Cache
from measured.jobs.pool import using
from measured.jobs.remote import Code
from measured.jobs.workers import Workers

CODE = Code(Path(__file__).parents[1], ("lab",))
NETWORK = MLP(1, (4, 4), 1, Tanh())
DATA = FunctionSamples(Sinc5(), -1.0, 1.0, num_train=64)
LEARNING_RATE = 1e-2
AT_LEAST = {"one by one, one process of two threads": 10, "one by one, two processes of one thread": 5}


def spectrum(model: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """Hessian eigenvalues by torch.func.hessian."""
    named = dict(model.named_parameters())
    shapes = [value.shape for value in named.values()]

    def loss(vector: torch.Tensor) -> torch.Tensor:
        pieces = vector.split([shape.numel() for shape in shapes])
        weights = {name: piece.reshape(shape) for name, piece, shape in zip(named, pieces, shapes, strict=True)}
        return torch.nn.functional.mse_loss(torch.func.functional_call(model, weights, (inputs,)), targets)

    vector = torch.cat([value.detach().flatten() for value in named.values()])
    with warnings.catch_warnings():
        # Forward mode loads rules that torch.jit.script compiles.
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.script.*` is deprecated")
        return torch.linalg.eigvalsh(torch.func.hessian(loss)(vector)).numpy()


def plain(seed: int, num_updates: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and spectrum of one network, trained with torch's own layers and Adam."""
    split = DATA.load()
    model = NETWORK.build(seed).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(num_updates):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(split.train_inputs), split.train_targets).backward()
        optimizer.step()
    weights = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()
    return weights, spectrum(model, split.train_inputs, split.train_targets)


def plain_alone(arguments: tuple[int, int]) -> None:
    """The same in a process of its own, on one thread."""
    torch.set_num_threads(1)
    plain(*arguments)


def stacks(options: argparse.Namespace, num_updates: int, first_seed: int) -> list[TrainStack]:
    """Blocks of networks of consecutive seeds."""
    recipe = Recipe(LEARNING_RATE, num_updates, None, dtype="float64")
    end = first_seed + options.networks
    starts = range(first_seed, end, options.block)
    return [TrainStack(NETWORK, DATA, recipe, tuple(range(start, min(start + options.block, end)))) for start in starts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--block", type=int, default=50)
    parser.add_argument("--plain", type=int, default=4, help="networks that the plain ways train")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in ("stacked in two workers", *AT_LEAST)}
    scale = options.networks / options.plain
    context = multiprocessing.get_context("spawn")

    with tempfile.TemporaryDirectory() as folder, context.Pool(2) as processes:
        workers = Workers.local(Cache(Path(folder)), CODE, 2, force=True)

        def stacked(num_updates: int, first_seed: int) -> list[tuple]:
            with using(workers):
                return gather(
                    [(job, CriticalPoints(Checkpoint(job), "none", 0)) for job in stacks(options, num_updates, first_seed)]
                )

        torch.set_num_threads(2)
        stacked(10, 0)
        plain(0, 10)
        processes.map(plain_alone, [(0, 10), (1, 10)], chunksize=1)
        for number in range(options.rounds):
            # Other seeds in each round, or it would find the results of the last one.
            work = [(number * options.networks + seed, options.updates) for seed in range(options.plain)]
            started = time.perf_counter()
            stacked(options.updates, number * options.networks)
            seconds["stacked in two workers"].append(time.perf_counter() - started)
            started = time.perf_counter()
            for arguments in work:
                plain(*arguments)
            seconds["one by one, one process of two threads"].append(scale * (time.perf_counter() - started))
            started = time.perf_counter()
            processes.map(plain_alone, work, chunksize=1)
            seconds["one by one, two processes of one thread"].append(scale * (time.perf_counter() - started))
        pairs = stacked(100, 0)
        workers.close()

    print(
        f"{options.networks} trainings of {NETWORK} ({NETWORK.num_parameters} parameters, {options.updates} updates on "
        f"{DATA.num_train} points, float64) with their Hessian spectra; medians of {options.rounds} rounds; one by one was "
        f"run on {options.plain} networks and scaled by {scale:g}"
    )
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    failed = False
    for name, median in medians.items():
        ratio = median / medians["stacked in two workers"]
        wanted = AT_LEAST.get(name, 1)
        failed |= ratio < wanted
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
        print(f"  {name:42} {median:7.2f} s ({spread}), {ratio:5.1f} times" + (f" (at least {wanted})" if wanted > 1 else ""))

    torch.set_num_threads(1)
    failed |= not agree(pairs, options.plain)
    raise SystemExit(1 if failed else 0)


def agree(pairs: list[tuple], num_plain: int) -> bool:
    """Whether both ways come to the same weights after 100 updates, and to the same spectra at identical weights."""
    trained = np.concatenate([training.weights for training, _ in pairs])
    spectra = np.concatenate([found.eigenvalues for _, found in pairs])
    split = DATA.load()
    weights, eigenvalues = [], []
    for seed in range(num_plain):
        weights.append(np.abs(plain(seed, 100)[0] - trained[seed]).max())
        alone = spectrum(NETWORK.with_weights(trained[seed]), split.train_inputs, split.train_targets)
        eigenvalues.append(np.abs(alone - spectra[seed]).max())
    print(
        f"  largest difference after 100 updates: weights {max(weights):.1e}, "
        f"eigenvalues at the same weights {max(eigenvalues):.1e} (both below 1e-8)"
    )
    return max(weights) < 1e-8 and max(eigenvalues) < 1e-8


if __name__ == "__main__":
    main()
