"""Is a large-batch minimum sharper, and does it matter?

Keskar and others (2017) trained one network on MNIST with a small and a large batch and found the large-batch minimum two
orders of magnitude sharper, closer to the start, and a little worse. We measure their sharpness on their network with their two
fractions of the data, beside the largest Hessian eigenvalue, the trace, an adaptive sharpness and distances; change the
sharpness of a network at will without changing its function; and ask, over many batch sizes of a smaller network, whether any
of it goes with the generalisation gap. Equal epochs and equal updates are different experiments, so the smaller network goes
through both.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments import keskar, original, solutions
from experiments.margins import TREND
from experiments.solutions import ADAPTIVE, DISTANCE, GAPS, KESKAR, MEASURES, NORM, TABLE, TOP, Solution, Study
from lab.checkpoints import Checkpoint
from lab.data import MNIST
from lab.landscape import Line, LineLoss
from lab.models import MLP
from lab.sharpness import Rescaled
from lab.training import Train
from measured import charts
from measured.evidence import Claim, Comments, Margin, Metric, Missing, Quantity, Result, Seeds, Sweep, factor
from measured.evidence.tests import at_least, at_most, equal, every, larger, smaller
from measured.jobs import gather

TITLE = "Batch size and sharp minima"

# Seconds of one worker. F1 takes 2.9 MFLOP an image forward: an update of 43 images takes 8 ms, one of 1,000 images 95 ms; loss
# and gradient of 500 images in float64 0.12 s, SciPy's own work on 1.46 million bounds 5 s a search, a Hessian product 0.18 s.
#   F1 trainings     5 seeds x (2,330 updates of 43, 100 of 1,000, 40,000 images judged)      5 x (21 + 10.5) s = 158 s
#   F1 full space    (5 + 3) seeds x 2 batches x (14 evaluations and the search)              16 x 7.6 s        = 122 s
#   F1 subspaces     3 seeds x 2 batches x 2 boxes x (584 MB of matrix, 12 to 22 evaluations) 12 x 7.4 s        =  89 s
#   F1 adaptive      3 seeds x 2 batches                                                      6 x 7.5 s         =  45 s
#   F1 Hessians      5 seeds x 2 batches x 19 products                                        10 x 3.7 s        =  37 s
#   F1 line          31 points x 5,000 images, statistics included                                              =   6 s
#   small trainings  8 seeds x (24, 48, 96) x 2; the other sizes are those of sensitivity     8 x 10.4 s        =  83 s
#   small measures   8 seeds x 10 sizes x 2 x (2 searches and 19 products, 500 images)        160 x 0.45 s      =  72 s
#   rescaling        8 seeds x 5 factors                                                      8 x 2.5 s         =  20 s

SMALL = MLP(28 * 28, (32, 32), 10)
SIZES = (16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
ALL = MNIST.num_images[0]


@dataclass(frozen=True)
class Settings:
    f1: Study = Study(keskar.F1, MNIST(10_000), (43, 1000), 10, Seeds(5), num_examples=500, num_hessian_examples=250)
    """The paper's network, for equal epochs. At standard the two batch sizes are the paper's, as shares of the training
    images."""
    num_few: int = 3
    """Runs of F1, the first ones, with the other boxes: half as large, in a subspace, adaptive. No claim rests on these."""
    subspace: int = 100
    """Dimension of the paper's random subspace."""
    num_alphas: int = 31
    """Points on the line through two solutions of F1, evenly spaced from α = −1 to 2."""
    num_line_examples: int = 1000
    """Training images, and as many test images, on which that line is evaluated."""
    small: Study = Study(SMALL, MNIST(10_000), SIZES, 15, Seeds(8), num_examples=500, num_hessian_examples=500)
    """A smaller network without batch normalisation, for equal epochs and for equal updates."""
    num_updates: int = 1500
    """Updates of the smaller network, where these are equal."""
    factors: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    """By what layer 1 of the smaller network is multiplied, and layer 2 divided, in ascending order; 1 must be among them."""

    @property
    def f1_updates(self) -> tuple[int, ...]:
        """Updates of F1 at each batch size."""
        return tuple(map(self.f1.updates, self.f1.batch_sizes))

    @property
    def middle_batch(self) -> int:
        """The batch size at which runs of the smaller network are rescaled."""
        return self.small.batch_sizes[len(self.small.batch_sizes) // 2 - 1]


PRESETS = {
    "quick": Settings(
        Study(MLP(28 * 28, (6, 6), 10, batch_norm=True), MNIST(200), (10, 20), 1, Seeds(2), 30, 30, num_probes=2),
        num_few=2,
        subspace=4,
        num_alphas=4,
        num_line_examples=30,
        small=Study(SMALL, MNIST(200), (16, 64), 1, Seeds(2), 30, 30, num_probes=2),
        num_updates=5,
        factors=(0.1, 1.0),
    ),
    "standard": Settings(),
    "full": Settings(
        Study(keskar.F1, keskar.DATA, keskar.BATCH_SIZES, 100, Seeds(5), ALL, ALL, num_probes=30),
        num_few=5,
        num_alphas=61,
        num_line_examples=10_000,
        small=Study(SMALL, keskar.DATA, (*SIZES, 4096), 20, Seeds(20), ALL, ALL, num_probes=30),
        num_updates=9380,
    ),
}
EQUAL = {"epochs": "equal epochs", "updates": "equal updates"}


def trainings(settings: Settings) -> dict[str, Sweep[Train]]:
    """All runs, by study: F1, and the smaller network for equal epochs and for equal updates."""
    f1, small = settings.f1, settings.small
    updates = small.for_equal_updates(settings.num_updates)
    return {"f1": f1.for_equal_epochs(), "epochs": small.for_equal_epochs(), "updates": updates}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    f1, small, runs = settings.f1, settings.small, trainings(settings)
    few = replace(f1, seeds=Seeds(settings.num_few)).for_equal_epochs()
    start, end = (Checkpoint(runs["f1"][size][0]) for size in f1.batch_sizes)
    alphas = tuple(np.linspace(-1, 2, settings.num_alphas).round(6).tolist())
    measured, on_line, scales = gather(
        (
            {
                "f1": runs["f1"].map(f1.solution).runs,
                "few": few.map(lambda run: f1.papers_boxes(run, settings.subspace) | f1.adaptive(run)).runs,
                **{name: runs[name].map(lambda run: small.solution(run) | small.adaptive(run)).runs for name in EQUAL},
            },
            LineLoss(start, end, alphas, settings.num_line_examples, settings.num_line_examples),
            [small.rescaling(run, settings.factors) for run in runs["updates"][settings.middle_batch]],
        )
    )
    sweeps = {name: Sweep[Solution]("batch size", found) for name, found in measured.items()}
    both = {title: sweeps[name] for name, title in EQUAL.items()}
    here = solutions.of_f1(sweeps["f1"], sweeps["few"])
    is_the_papers = (f1.data, f1.batch_sizes) == (keskar.DATA, keskar.BATCH_SIZES)
    tables = {name: solutions.over_sizes(sweeps[name]) for name in EQUAL}
    metrics = {
        "f1": here,
        "paper": {name: found if is_the_papers else dict.fromkeys(found, Missing()) for name, found in here.items()},
        "rescaled": solutions.at_scales(scales),
    }
    figures = (
        charts.drawn(paper, here, f1.batch_sizes)
        | charts.drawn(ratios, here)
        | charts.drawn(line, on_line, f1.batch_sizes)
        | charts.drawn(rescaling, scales)
        | charts.drawn(sweep, both)
        | charts.drawn(performance, both)
    )
    for name, title in EQUAL.items():
        figures |= charts.drawn(correlations, tables[name], title, variant=name)
    return Result(metrics | tables, figures)


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def paper(here: dict[str, dict[str, Metric]], batch_sizes: tuple[int, ...]) -> charts.Figure:
    """Network F1 of Keskar et al. 2017 beside ours. The paper's numbers are means ± standard deviations of 5 runs on all of
    MNIST. Ours: {setting.f1.network}, {setting.f1.num_train} images, {setting.f1.num_epochs} epochs with either batch, Adam at
    {setting.f1.learning_rate}; sharpness with ε = {setting.f1.epsilon} on {setting.f1.num_examples} training images, Hessian on
    {setting.f1.num_hessian_examples}, float64; a trace is estimated from {setting.f1.num_probes} random sign vectors."""
    ours = (f"here, batch {size:,}" for size in batch_sizes)
    rows = [
        (item.title, *keskar.PUBLISHED.get(item.name, ("–", "–", "–")), here[item.name]["first"], here[item.name]["last"])
        for item in TABLE
    ]
    return charts.table(("quantity", "paper", "paper, batch 256", "paper, batch 6,000", *ours), rows)


def ratios(here: dict[str, dict[str, Metric]]) -> charts.Figure:
    """Large batch over small batch: the paper's means divided; ours over pairs of runs with the same start. The last row is
    the small batch over the large one."""
    items = (*solutions.BOXES, TOP, solutions.TRACE, ADAPTIVE, NORM)
    rows = [(item.title, keskar.RATIOS.get(item.name, "–"), here[item.name]["change"]) for item in items]
    far = (f"{DISTANCE.title}, small over large", "3 to 10 (all networks)", here[DISTANCE.name]["small_over_large"])
    return charts.table(("quantity", "paper", "here"), [*rows, far])


def line(found: Line, batch_sizes: tuple[int, ...]) -> charts.Figure:
    """The line from the small-batch to the large-batch solution of F1, seed {setting.f1.seeds.first}, which started at the same
    weights; {setting.num_line_examples} images each, float32, the statistics of batch normalisation estimated anew at each
    point on these training images."""
    panels = {
        "loss": {"training images": found.train_loss, "test images": found.test_loss},
        "accuracy": {"training images": 100 * found.train_accuracy, "test images": 100 * found.test_accuracy},
    }
    return charts.curves(
        {name: {of: charts.Series(found.alphas, [row]) for of, row in rows.items()} for name, rows in panels.items()},
        x="α",
        y={"loss": charts.Axis("cross-entropy (nats)", log=True), "accuracy": "accuracy (%)"},
        marks={f"batch {size:,}": float(alpha) for alpha, size in enumerate(batch_sizes)},
        alt="Loss and accuracy along a line through two solutions, which are marked.",
    )


def rescaling(scales: list[Rescaled]) -> charts.Figure:
    """One function: layer 1 of {setting.small.network} times the factor, layer 2 divided by it; batch {setting.middle_batch},
    {setting.num_updates} updates, {setting.small.num_examples} training images, float64."""
    return charts.trend(
        {"relative to factor 1": solutions.over_factors(scales)},
        x=charts.Axis("factor of layer 1", log=True),
        y=charts.Axis("measure, relative", log=True),
        alt="Keskar's sharpness, the largest Hessian eigenvalue, the adaptive sharpness and the norm of the weights, each "
        "relative to factor 1, against the factor of layer 1; both axes logarithmic.",
    )


def sweep(both: dict[str, Sweep[Solution]]) -> charts.Figure:
    """{setting.small.network}, {setting.small.num_train} images, Adam at {setting.small.learning_rate},
    {setting.small.num_epochs} epochs or {setting.num_updates} updates; sharpness and Hessian on {setting.small.num_examples}
    training images in float64."""
    alt = "Four measures against batch size, a panel each, with a line for equal epochs and one for equal updates."
    return charts.sweeps(both, (KESKAR, TOP, ADAPTIVE, DISTANCE), alt=alt)


def performance(both: dict[str, Sweep[Solution]]) -> charts.Figure:
    """The same runs, on all training images and all test images. The gaps are positive where the test images fare worse."""
    alt = "Test accuracy, training loss and both gaps against batch size, a line for equal epochs and one for equal updates."
    return charts.sweeps(both, (solutions.TEST_ACCURACY, solutions.TRAIN_LOSS, *GAPS), alt=alt)


def correlations(found: dict[str, dict[str, Metric]], title: str) -> charts.Figure:
    """Rank correlations over {setting.small.batch_sizes.num} batch sizes, one per seed, for {title}. The last row holds those
    of the two gaps with the batch size."""
    columns = ("measure", "with batch size", "with the gap of the loss", "with the gap of the accuracy")
    kinds = ("with_size", *(f"with_{gap.name}" for gap in GAPS))
    rows = [(item.title, *(found[item.name][kind] for kind in kinds)) for item in MEASURES]
    return charts.table(columns, [*rows, ("generalisation gap", "–", *(found[gap.name]["with_size"] for gap in GAPS))])


# ---------------------------------------------------------------------------------------------------------------------
# Claims

FARTHER = factor(1.5, "near the start should mean that the other went half as far again at least")
ROUNDING = Margin(1e-12, "float64 rounds at 1e-16, and three layers add up some of it")
SAME = factor(
    1.01,
    "the search runs through the same points up to rounding; a per cent is far above that, and far below what the rescaling "
    "does to the others",
)
WORDS = {
    KESKAR: ("Keskar's sharpness", "end sharper, by Keskar's measure"),
    TOP: ("the largest Hessian eigenvalue", "end sharper, by the Hessian"),
    DISTANCE: ("the distance from the start", "stay near the start"),
}
"""What is measured, and what the original says of it."""
WHERE = {
    "f1": ("Equal epochs", "On F1 with equal epochs", "f1", "makes far fewer updates"),
    "epochs": ("Equal epochs, smaller network", "On the smaller network with equal epochs", "small", "makes far fewer updates"),
    "updates": ("Equal updates", "On the smaller network with equal updates", "small", "sees far more images"),
}
"""Each study in a headline and in a sentence, its settings, and what else a large batch does there."""


def of_large_batches(id: str, study: str, by: Quantity) -> Claim:
    """What the original says of large batches, in one study: sharper ``by`` a measure, or nearer to the start."""
    (short, where, setting, besides), (measure, words) = WHERE[study], WORDS[by]
    end, other = ("first", "last") if by is DISTANCE else ("last", "first")  # where it is to be larger
    batch, than = (f"at batch {{setting.{setting}.batch_sizes.{name}}}" for name in (end, other))
    more, less = f"{study}.{by.name}.{end}", f"{study}.{by.name}.{other}"
    return Claim(
        id,
        source="original 3.3, part 2",
        headline=f"{short}: large batches {words}",
        quote=original.QUOTES["S16e" if by is DISTANCE else "S16a"],
        says=f"{where}, {measure} {batch} is {{margin}} that {than}: {{{more}}} against {{{less}}}.",
        holds=smaller(less, than=more, by=FARTHER if by is DISTANCE else keskar.SHARPER, paired=True),
        comments=Comments(
            supported=f"{where}, large batches {words}. A large batch also {besides} there.",
            refuted=f"{where}, {measure} {batch} is not {{margin}} that {than}.",
            inconclusive=f"{where}, these runs do not decide whether large batches {words}.",
        ),
    )


def of_gaps(study: str) -> Claim:
    """Whether sharpness goes with the generalisation gap over batch sizes."""
    title, loss, accuracy = EQUAL[study], *(f"{study}.keskar.with_{gap.name}" for gap in GAPS)
    return Claim(
        f"sharpness-and-gap-{study}",
        source="ours",
        headline=f"{title.capitalize()}: sharper batch sizes have larger gaps",
        says=f"With {title}, the rank correlation of Keskar's sharpness with the generalisation gap over batch sizes is "
        f"{{margin}}: {{{loss}}} for the loss, {{{accuracy}}} for the accuracy.",
        holds=every(at_least(loss, TREND), at_least(accuracy, TREND)),
        comments=Comments(
            supported=f"With {title} the sharper batch sizes are those with the larger gaps, of the loss and of the accuracy. "
            "The batch size changes both, so that this is company and not cause.",
            refuted=f"With {title} sharpness says little about which batch sizes have the larger gap of at least one kind.",
            inconclusive=f"With {title} it is not decided for both gaps whether the sharper batch sizes have the larger ones.",
        ),
    )


CLAIMS = (
    of_large_batches("S16a", "f1", KESKAR),
    of_large_batches("S16b", "f1", TOP),
    of_large_batches("S16c", "updates", KESKAR),
    of_large_batches("S16d", "updates", TOP),
    of_large_batches("S16e", "f1", DISTANCE),
    of_large_batches("S16f", "updates", DISTANCE),
    of_large_batches("S16g", "epochs", KESKAR),
    of_large_batches("S16h", "epochs", DISTANCE),
    Claim(
        "paper-sharpness",
        source="Keskar et al. 2017",
        headline="The paper's setting: the large batch ends at least ten times as sharp",
        says=f"{keskar.SETTING} the sharpness in full space of the large-batch minimum, over that of the small-batch one, is "
        "{margin}: {paper.keskar.change}.",
        published="Table 3, F1 at 0.001: 205.14 ± 69.52 for the large batch against 1.23 ± 0.83 for the small one, a ratio of "
        "167.",
        holds=at_least("paper.keskar.change", keskar.ORDERS_SHARPER),
    ),
    Claim(
        "paper-gap",
        source="Keskar et al. 2017",
        headline="The paper's setting: the large batch generalises worse",
        says=f"{keskar.SETTING} the large batch has the lower test accuracy: {{paper.final_test_accuracy.last}} (large), "
        "{paper.final_test_accuracy.first} (small).",
        published="Table 2, F1: 98.03 ± 0.07 % with the small batch, 97.81 ± 0.07 % with the large one.",
        holds=larger("paper.final_test_accuracy.first", than="paper.final_test_accuracy.last", paired=True),
    ),
    Claim(
        "paper-distance",
        source="Keskar et al. 2017",
        headline="The paper's setting: the small batch goes three to ten times as far",
        says=f"{keskar.SETTING} the distance from the start with the small batch, over that with the large one, is "
        "{margins[0]} and {margins[1]}: {paper.distance.small_over_large}.",
        published='a ratio "in the range of 3-10" over its networks.',
        holds=every(
            at_least("paper.distance.small_over_large", keskar.LEAST_RATIO),
            at_most("paper.distance.small_over_large", keskar.LARGEST_RATIO),
        ),
    ),
    Claim(
        "sharper-no-worse",
        source="ours",
        headline="Equal epochs: sharper, and no worse",
        says="On F1 with equal epochs, the large batch ends {margins[0]} as sharp by Keskar's measure, and does not lose as "
        "much test accuracy as in the paper: it differs by {f1.final_test_accuracy.change}, and {margins[1]} is no such loss.",
        holds=every(
            smaller("f1.keskar.first", than="f1.keskar.last", by=keskar.SHARPER, paired=True),
            at_least("f1.final_test_accuracy.change", -keskar.LOST_ACCURACY),
        ),
        comments=Comments(
            supported="So sharper need not be worse, by the measure that was made to explain the gap.",
            refuted="At least one half is false: the large batch is not that much sharper, or it loses more than in the paper.",
            inconclusive="That the large batch is both sharper and no worse is not decided.",
        ),
    ),
    Claim(
        "rescaling-changes-sharpness",
        source="Dinh et al. 2017",
        headline="The same function can be made as sharp as one likes",
        says="Multiplying layer 1 by {setting.factors.first} and dividing layer 2 by it changes the outputs by {margins[0]} of "
        "their size ({rescaled.difference}), and makes the network {margins[1]} as sharp: by Keskar's measure from "
        "{rescaled.keskar.before} to {rescaled.keskar.after}, by the largest eigenvalue from {rescaled.top.before} to "
        "{rescaled.top.after}.",
        published="rescaling a ReLU network makes equivalent minima arbitrarily sharp (as others report it).",
        holds=every(
            at_most("rescaled.difference", ROUNDING),
            smaller("rescaled.keskar.before", than="rescaled.keskar.after", by=keskar.SHARPER, paired=True),
            smaller("rescaled.top.before", than="rescaled.top.after", by=keskar.SHARPER, paired=True),
        ),
        comments=Comments(
            supported="A number that can be changed at will without changing a single answer cannot by itself explain how good "
            "the answers are.",
            refuted="With this factor the network is not that much sharper by both measures, or its outputs have changed. It "
            "is proved that some factor makes it as sharp as one likes: suspect this factor, or the measurement.",
            inconclusive="These runs are too few to show what is proved about these networks.",
        ),
    ),
    Claim(
        "adaptive-is-invariant",
        source="ours",
        headline="The adaptive sharpness ignores the rescaling",
        says="The adaptive sharpness of the rescaled network is the same within {margin}: {rescaled.adaptive.after} with the "
        "factor {setting.factors.first}, {rescaled.adaptive.before} with 1.",
        holds=equal("rescaled.adaptive.after", to="rescaled.adaptive.before", within=SAME, paired=True),
        comments=Comments(
            supported="A box in proportion to the weights is carried along by the rescaling.",
            refuted="The adaptive sharpness ought to be carried along by the rescaling, and was not: suspect the measurement.",
            inconclusive="That the adaptive sharpness stays the same is not shown by these runs.",
        ),
    ),
    of_gaps("epochs"),
    of_gaps("updates"),
)
