"""Keskar and others (2017), on large-batch training: their network F1, what they found with it, and how much of it counts."""

from collections.abc import Mapping

from experiments import solutions
from experiments.panels import SCORE_AXES, SPLITS
from experiments.solutions import ADAPTIVE, DISTANCE, KESKAR, NORM, TABLE, Solution, Study
from lab.data import MNIST
from lab.landscape import Line
from lab.models import MLP
from measured import charts
from measured.evidence import Margin, Metric, Seeds, Sweep, factor

F1 = MLP(28 * 28, (512,) * 5, 10, batch_norm=True)
"""The layout is from memory of the paper's appendix."""
DATA = MNIST(MNIST.num_images[0])
BATCH_SIZES = (256, 6000)
STUDY = Study(
    F1,
    MNIST(10_000),
    batch_sizes=(43, 1000),
    num_epochs=10,
    seeds=Seeds(4),
    num_examples=500,
    num_hessian_examples=800,
    num_hardest=400,
)
"""With the paper's batch sizes as shares of the training images."""
FULL = Study(
    F1,
    DATA,
    BATCH_SIZES,
    num_epochs=100,
    seeds=Seeds(5),
    num_examples=DATA.sizes[0],
    num_hessian_examples=6000,
    num_hardest=3000,
)
TOY = Study(
    MLP(28 * 28, (6, 6), 10, batch_norm=True),
    MNIST(200),
    batch_sizes=(10, 20),
    num_epochs=1,
    seeds=Seeds(2),
    num_examples=30,
    num_hessian_examples=40,
    num_hardest=20,
)
SETTING = (
    "In the paper's own setting (all training images of MNIST, batches of {setting.papers_batches.first} and "
    "{setting.papers_batches.last})"
)

PUBLISHED = {
    "final_train_accuracy": ("Table 2", "99.66 ± 0.05 %", "99.92 ± 0.01 %"),
    "final_test_accuracy": ("Table 2", "98.03 ± 0.07 %", "97.81 ± 0.07 %"),
    "keskar": ("Table 3", "1.23 ± 0.83", "205.14 ± 69.52"),
    "half_box": ("Table 3", "0.61 ± 0.27", "42.90 ± 17.14"),
    "subspace": ("Table 4, suspect", "0.11 ± 0.00", "9.22 ± 0.56"),
    "half_subspace": ("Table 4, suspect", "0.05 ± 0.00", "9.17 ± 0.14"),
}
"""Where it stands, means and standard deviations of 5 runs with the small and with the large batch, by names of quantities."""
TABLE_2 = "Keskar et al. 2017, Table 2, F1: 98.03 ± 0.07 % with the small batch, 97.81 ± 0.07 % with the large one."
TABLE_3 = (
    "Keskar et al. 2017, Table 3, F1 at 0.001: 205.14 ± 69.52 for the large batch against 1.23 ± 0.83 for the small one, a "
    "ratio of 167."
)
WORSE_BY, SHARPER_BY = 0.9803 - 0.9781, 205.14 / 1.23
"""The same as effects: small minus large batch, large over small."""
RANGE = 'Keskar et al. 2017: a ratio "in the range of 3-10" over its networks.'
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


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def paper(here: dict[str, dict[str, Metric]], batch_sizes: tuple[int, ...]) -> charts.Figure:
    """The numbers of Keskar et al. 2017 for their network F1, beside ours. Theirs are means ± standard deviations of five runs
    on all of MNIST. Ours: {setting.f1.network}, {setting.f1.num_train} images, {setting.f1.num_epochs} epochs with either
    batch, Adam at a constant {setting.f1.learning_rate}; sharpness with ε = {setting.f1.epsilon} on {setting.f1.num_examples}
    training images in float64."""
    ours = (f"here, batch {size:,}" for size in batch_sizes)
    rows = [
        (item.title, *PUBLISHED.get(item.name, ("–", "–", "–")), here[item.name]["first"], here[item.name]["last"])
        for item in TABLE
    ]
    return charts.table(("quantity", "paper", "paper, batch 256", "paper, batch 6,000", *ours), rows)


def ratios(here: dict[str, dict[str, Metric]]) -> charts.Figure:
    """How many times as sharp the large batch ends, and how far it goes. Large batch over small batch: the paper's means
    divided; ours over pairs of runs with the same start. The last row is the small batch over the large one."""
    items = (*solutions.BOXES, ADAPTIVE, NORM)
    rows = [(item.title, RATIOS.get(item.name, "–"), here[item.name]["change"]) for item in items]
    far = (f"{DISTANCE.title}, small over large", "3 to 10 (all networks)", here[DISTANCE.name]["small_over_large"])
    return charts.table(("quantity", "paper", "here"), [*rows, far])


def come_to_rest(found: Mapping[str, dict[str, dict[str, Metric]]], study: Study) -> charts.Figure:
    """The paper's network at rest: small batch, large batch, large batch at a raised rate. The learning rate falls to zero
    along half a cosine in {setting.f1_at_rest.num_epochs} epochs. The Hessian is that of the whole training loss: of
    {setting.f1_at_rest.num_hessian_examples} training images {setting.f1_at_rest.num_hardest} are those with the largest
    losses, and the others stand for all the rest; its trace is estimated from {setting.f1_at_rest.num_probes} random sign
    vectors."""
    small, large = (f"batch {size:,}" for size in study.batch_sizes)
    columns = ("quantity", small, large, f"{large}, rate {study.raised_rate:g}", "large against small", "raised against small")
    rows = []
    for item in (*solutions.PERFORMANCE, *solutions.CURVATURE):
        first, last, change = found["rest"][item.name].values()
        _, raised, to_small = found["matched"].get(item.name, dict.fromkeys("abc", "–")).values()
        rows.append((item.title, first, last, raised, change, to_small))
    return charts.table(columns, rows)


def sharp_or_flat(rest: Sweep[Solution], raised: Sweep[Solution]) -> charts.Figure:
    """Test accuracy against sharpness, and against the distance travelled. A dot per run of the paper's network, whose learning
    rate falls to zero; the third kind starts at a raised rate, {setting.f1_at_rest.raised_rate} in place of
    {setting.f1_at_rest.learning_rate}."""
    small, large = rest.values
    rate = raised.values[-1]
    kinds = {
        f"batch {small:,}": rest[small],
        f"batch {large:,}": rest[large],
        f"batch {large:,}, rate {rate:g}": raised[rate],
    }
    items = {"sharpness": KESKAR, "distance from the start": DISTANCE}
    panels = {
        name: {title: [(item.of(run), solutions.TEST_ACCURACY.of(run)) for run in runs] for title, runs in kinds.items()}
        for name, item in items.items()
    }
    alt = "Test accuracy against sharpness, left, and distance from the start, right: a dot per run, a colour per kind of run."
    return charts.scatter(panels, x=items, y=solutions.TEST_ACCURACY, alt=alt)


def line(found: Line, batch_sizes: tuple[int, ...]) -> charts.Figure:
    """The line from the small-batch solution to the large-batch one. As in the paper: F1, seed {setting.f1.seeds.first}, one
    common start; {setting.num_line_examples} images each; the statistics of batch normalisation are estimated anew at each
    point."""
    panels = {
        "loss": {SPLITS["train"]: found.train_loss, SPLITS["test"]: found.test_loss},
        "accuracy": {SPLITS["train"]: 100 * found.train_accuracy, SPLITS["test"]: 100 * found.test_accuracy},
    }
    return charts.curves(
        {name: {of: charts.Series(found.alphas, [row]) for of, row in rows.items()} for name, rows in panels.items()},
        x="α",
        y=SCORE_AXES,
        marks={f"batch {size:,}": float(alpha) for alpha, size in enumerate(batch_sizes)},
        alt="Loss, left, and accuracy, right, along a line through the two solutions, which are marked.",
    )
