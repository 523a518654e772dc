"""What follows from the size of a mini-batch: how many updates an epoch has, and the learning rate by the square root of it."""

import math

from lab.data import Data


def updates_of_epochs(data: Data, num_epochs: int, batch_size: int) -> int:
    """Updates in so many passes over the training images, of which each may end with a smaller mini-batch."""
    return num_epochs * math.ceil(data.sizes[0] / batch_size)


def by_square_root(learning_rate: float, batch_size: int, of: int) -> float:
    """A learning rate that suits batches ``of`` that size, raised by the square root of how much larger this batch is, to two
    digits."""
    return float(f"{learning_rate * math.sqrt(batch_size / of):.1e}")
