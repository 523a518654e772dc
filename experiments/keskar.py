"""Keskar and others (2017), on large-batch training: their network F1, what they found with it, and how much of it counts."""

from lab.data import MNIST
from lab.models import MLP
from measured.evidence import Margin, factor

F1 = MLP(28 * 28, (512,) * 5, 10, batch_norm=True)
"""The layout is from memory of the paper's appendix."""
DATA = MNIST(MNIST.num_images[0])
BATCH_SIZES = (256, 6000)
SETTING = "In the paper's setting (60,000 images, batches of 256 and 6,000)"

PUBLISHED = {
    "final_train_accuracy": ("Table 2", "99.66 ± 0.05 %", "99.92 ± 0.01 %"),
    "final_test_accuracy": ("Table 2", "98.03 ± 0.07 %", "97.81 ± 0.07 %"),
    "keskar": ("Table 3", "1.23 ± 0.83", "205.14 ± 69.52"),
    "half_box": ("Table 3", "0.61 ± 0.27", "42.90 ± 17.14"),
    "subspace": ("Table 4, suspect", "0.11 ± 0.00", "9.22 ± 0.56"),
    "half_subspace": ("Table 4, suspect", "0.05 ± 0.00", "9.17 ± 0.14"),
}
"""Where it stands, means and standard deviations of 5 runs with the small and with the large batch, by names of quantities."""
RATIOS = {"keskar": "167", "half_box": "70", "subspace": "84", "half_subspace": "183"}
"""Large batch over small batch: quotients of the means above."""

SHARPER = factor(
    2,
    "in the paper's own table runs of one kind differ by a third to two thirds of their mean, so that less than a factor of "
    "two is no qualitative difference",
)
ORDERS_SHARPER = factor(10, "one to two orders of magnitude is the paper's own phrase; its table says 167")
LOST_ACCURACY = Margin(
    0.0022, "0.22 points is what the large batch loses in the paper's Table 2; to lose less is to be no worse"
)
LEAST_RATIO, LARGEST_RATIO = (Margin(end, "the paper's range is 3 to 10") for end in (3.0, 10.0))
"""Of the distances from the start, small batch over large batch, over all networks of the paper."""
