"""Sensitivity of the MNIST test images for one network: vector-Jacobian products on slices against a loop over images.

The plain way asks ``torch.autograd.functional.jacobian`` for the Jacobian of the logits of one image after the other, and
takes the same three norms of each. It is timed on fewer images and both are given as images a second; the two ways
alternate, and medians are compared.

    python benchmarks/sensitivity.py [--rounds 5] [--images 10000] [--plain-images 200]
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from torch import Tensor, nn

from experiments import original
from lab.data import MNIST
from lab.input_jacobian import input_norms
from lab.models import MLP

NETWORKS = (MLP(28 * 28, (32, 32), 10), original.CNN_16_36)


def plain(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """The three norms of each image, one image at a time."""
    rows = []
    for image, target in zip(inputs, targets, strict=True):
        jacobian = torch.autograd.functional.jacobian(model, image[None])
        assert isinstance(jacobian, Tensor)
        jacobian, p = jacobian.reshape(10, -1), model(image[None]).detach().softmax(-1)[0]
        of_probabilities = (torch.diag(p) - torch.outer(p, p)) @ jacobian
        of_loss = p @ jacobian - jacobian[target]
        rows.append(torch.stack([of_probabilities.norm(), jacobian.norm(), of_loss.norm()]))
    return torch.stack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--plain-images", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    split = MNIST().load()
    inputs, targets = split.test_inputs[: options.images], split.test_targets[: options.images]
    few, few_targets = inputs[: options.plain_images], targets[: options.plain_images]
    for network in NETWORKS:
        model = network.build(0).eval()
        seconds: dict[str, list[float]] = {"plain": [], "ours": []}
        for _ in range(options.rounds):
            started = time.perf_counter()
            expected = plain(model, few, few_targets)
            seconds["plain"].append((time.perf_counter() - started) / len(few))
            started = time.perf_counter()
            found = input_norms(model, inputs, targets)
            seconds["ours"].append((time.perf_counter() - started) / len(inputs))
        columns = (found.probabilities, found.logits, found.loss)
        torch.testing.assert_close(torch.stack(columns, dim=1)[: len(few)], expected, rtol=1e-3, atol=1e-6)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        print(
            f"{network}: a loop {1 / medians['plain']:,.0f} images/s, slices {1 / medians['ours']:,.0f} images/s "
            f"({len(inputs):,} in {medians['ours'] * len(inputs):.1f} s), ratio {medians['plain'] / medians['ours']:.1f}"
        )


if __name__ == "__main__":
    main()
