"""How much counts, with the reason, where two chapters mean the same by it. Each was argued before anything was measured."""

from measured.evidence import Margin, factor

TREND = Margin(
    0.5, "half-way from no order to perfect order: a rank correlation nearer to none is no trend that an eye sees", furthest=1.0
)
MOSTLY = Margin(0.5, "mostly means more than half", origin=None)
TENTH_OF_A_POINT = Margin(
    0.001, "a tenth of a point is ten of the 10,000 test images of MNIST, about the sampling error of one accuracy"
)
FITTED = Margin(0.99, "one label in a hundred is left for images that are hard to tell apart", origin=1.0)
FLATTER = factor(1.5, "in a bar chart of what is left out, a reader sees a third less")
