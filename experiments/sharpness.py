"""Is a large-batch minimum sharper, and does it matter?

Keskar et al. 2017 trained one network on MNIST with a small and a large batch and found the large-batch minimum two orders of
magnitude sharper, closer to the start, and a little worse. We repeat that with their network; let the learning rate fall to
zero, and raise it for the large batch; change the sharpness of a network without changing its function; and ask, over many
batch sizes of a smaller network, whether any of it goes with the generalisation gap.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments import keskar, original, solutions
from experiments.margins import TREND
from experiments.solutions import DISTANCE, KESKAR, MEASURES, TOP, TRAIN_LOSS, Solution, Study
from lab.checkpoints import Checkpoint
from lab.data import MNIST
from lab.landscape import LineLoss
from lab.training import Train
from measured import charts
from measured.evidence import Claim, Comments, Margin, Missing, Quantity, Result, Runs, Seeds, Sweep, Test, factor
from measured.evidence.tests import at_least, at_most, equal, every, larger, smaller
from measured.jobs import gather

TITLE = "Batch size and sharp minima"
RUNS = Runs(
    varies="initial weights, the order of images, and which training images are drawn",
    shared="the networks, Adam and the rates that it starts with, and the test images",
)

# Seconds of one worker with another beside it. F1 takes 2.9 MFLOP an image forward: an update of 43 images takes 6 ms, one of
# 1,000 images 65 ms; loss and gradient of 500 images in float64 0.15 s, a Hessian product on 800 images 0.5 s.
#   F1 trainings     (4 + 8) seeds x (2,330 updates of 43, 100 of 1,000), 8 more of 1,000    12 x 22 s + 8 x 7 s = 320 s
#   F1 full space    4 seeds x 2 kinds of run, 8 x 3                                                  32 x 3.6 s = 115 s
#   F1 Hessians      4 seeds x 2 kinds of run x 11 products, and once more at the large batch         12 x 5.5 s =  66 s
#   F1, other boxes  1 seed x 2 batches x (2 boxes, 2 subspaces of 584 MB of matrix)                             =  35 s
#   F1 line          31 points x 5,000 images, statistics included                                               =   6 s
#   small trainings  8 seeds x ((24, 48, 96) x 2, 16 and 1,024 at rest); others are sensitivity's                =  60 s
#   small measures   8 seeds x 22 x (2 searches on 2,000 images, 11 products on 800)                176 x 0.55 s =  97 s
#   rescaling        8 seeds x 5 factors                                                                8 x 2 s  =  16 s

SIZES = (16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
SMALL = Study(
    original.DNN,
    MNIST(10_000),
    SIZES,
    num_epochs=15,
    seeds=Seeds(8),
    num_examples=2000,
    num_hessian_examples=800,
    num_hardest=400,
)


@dataclass(frozen=True)
class Settings:
    f1: Study = keskar.STUDY
    """The paper's network at a constant learning rate, for equal epochs. At standard the two batch sizes are the paper's, as
    shares of the training images."""
    num_few: int = 1
    """Runs of it, the first ones, with the other boxes: half as large, in a subspace, adaptive. No claim rests on these."""
    subspace: int = 100
    """Dimension of the paper's random subspace."""
    f1_at_rest: Study = replace(keskar.STUDY, seeds=Seeds(8), schedule="cosine")
    """The same with a learning rate that falls to zero, and for the large batch once more from a raised one."""
    num_curved: int = 4
    """Runs of these, the first ones without the raised rate, whose Hessian is measured."""
    num_alphas: int = 31
    """Points on the line through two solutions of F1, evenly spaced, and beyond them by as much as they are apart."""
    num_line_examples: int = 1000
    """Training images, and as many test images, on which that line is evaluated."""
    small: Study = SMALL
    """A smaller network without batch normalisation at a constant rate, for equal epochs and for equal updates."""
    small_at_rest: Study = replace(SMALL, batch_sizes=(SIZES[0], SIZES[-1]), schedule="cosine")
    """The same for equal epochs, with a learning rate of its own for each batch size, which falls to zero."""
    num_updates: int = 1500
    """Updates of the smaller network, where these are equal."""
    factors: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    """By what the first layer of the smaller network is multiplied, and the next divided, in ascending order; 1 must be among
    them."""

    @property
    def f1_updates(self) -> tuple[int, ...]:
        """Updates of F1 at each batch size."""
        return tuple(map(self.f1.updates, self.f1.batch_sizes))

    @property
    def papers_batches(self) -> tuple[int, ...]:
        """Batch sizes of the paper."""
        return keskar.BATCH_SIZES

    @property
    def middle_batch(self) -> int:
        """The batch size at which runs of the smaller network are rescaled."""
        return self.small.batch_sizes[len(self.small.batch_sizes) // 2 - 1]


LARGE = replace(SMALL, data=keskar.DATA, batch_sizes=(*SIZES, 4096), num_epochs=20, seeds=Seeds(20), num_examples=6000)
TOY = replace(keskar.TOY, network=SMALL.network, batch_sizes=(16, 64))
PRESETS = {
    "quick": Settings(
        keskar.TOY,
        subspace=4,
        f1_at_rest=replace(keskar.TOY, schedule="cosine"),
        num_curved=2,
        num_alphas=4,
        num_line_examples=30,
        small=TOY,
        small_at_rest=replace(TOY, schedule="cosine"),
        num_updates=5,
        factors=(0.1, 1.0),
    ),
    "standard": Settings(),
    "full": Settings(
        keskar.FULL,
        num_few=5,
        f1_at_rest=replace(keskar.FULL, seeds=Seeds(10), schedule="cosine"),
        num_curved=10,
        num_alphas=61,
        num_line_examples=10_000,
        small=LARGE,
        small_at_rest=replace(LARGE, batch_sizes=(SIZES[0], 4096), schedule="cosine"),
        num_updates=9380,
    ),
}
EQUAL = {"epochs": "equal epochs", "updates": "equal updates"}


def trainings(settings: Settings) -> dict[str, Sweep[Train]]:
    """The runs of the smaller network at a constant rate, for equal epochs and for equal updates."""
    return {"epochs": settings.small.for_equal_epochs(), "updates": settings.small.for_equal_updates(settings.num_updates)}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    f1, rest, small, runs = settings.f1, settings.f1_at_rest, settings.small, trainings(settings)
    few, curved = f1.first(settings.num_few), rest.first(settings.num_curved)
    start, end = (Checkpoint(f1.for_equal_epochs()[size][0]) for size in f1.batch_sizes)
    alphas = tuple(np.linspace(-1, 2, settings.num_alphas).round(6).tolist())
    asked = {
        "f1": f1.for_equal_epochs().map(lambda run: f1.trained(run) | f1.keskar(run)),
        "few": few.for_equal_epochs().map(lambda run: few.papers_boxes(run, settings.subspace) | few.adaptive(run)),
        "rest": rest.for_equal_epochs().map(lambda run: rest.trained(run) | rest.keskar(run)),
        "raised": rest.at_two_rates().map(lambda run: rest.trained(run) | rest.keskar(run)),
        "curved": curved.for_equal_epochs().map(curved.curvature),
        "small_rest": settings.small_at_rest.at_own_rates().map(settings.small_at_rest.all_of),
        **{name: sweep.map(small.all_of) for name, sweep in runs.items()},
    }
    measured, on_line, scales, drawn_anew = gather(
        (
            {name: sweep.runs for name, sweep in asked.items()},
            LineLoss(start, end, alphas, settings.num_line_examples, settings.num_line_examples),
            [small.rescaling(run, settings.factors) for run in runs["updates"][settings.middle_batch]],
            [curved.curvature(run, draw=1)["hessian"] for run in curved.for_equal_epochs()[rest.batch_sizes[-1]]],
        )
    )
    sweeps = {name: Sweep[Solution](asked[name].knob, found) for name, found in measured.items()}
    at_rest = solutions.come_to_rest(sweeps)
    here = solutions.of_f1(sweeps["f1"], sweeps["few"])
    is_the_papers = (f1.data, f1.batch_sizes) == (keskar.DATA, keskar.BATCH_SIZES)
    both = {title: sweeps[name] for name, title in EQUAL.items()}
    ranks = {name: solutions.over_sizes(sweeps[name]) for name in EQUAL}
    ranks |= {"both": solutions.with_gaps(solutions.together(both.values()))}
    first_draw = (run["hessian"] for run in sweeps["curved"][rest.batch_sizes[-1]])
    metrics = {
        "f1": here,
        "paper": {
            name: found if is_the_papers else dict.fromkeys(found, Missing(remedy="the full preset"))
            for name, found in here.items()
        },
        "draws": solutions.DRAWS.over(zip(first_draw, drawn_anew, strict=True)),
        "small_rest": solutions.at_ends(sweeps["small_rest"], (*MEASURES, TRAIN_LOSS)),
        "rescaled": solutions.at_scales(scales),
    }
    figures = (
        charts.drawn(keskar.paper, here, f1.batch_sizes)
        | charts.drawn(keskar.ratios, here)
        | charts.drawn(keskar.line, on_line, f1.batch_sizes)
        | charts.drawn(keskar.come_to_rest, at_rest, rest)
        | charts.drawn(keskar.sharp_or_flat, sweeps["rest"], sweeps["raised"])
        | charts.drawn(solutions.rescaling, scales)
        | charts.drawn(solutions.sweep, both)
        | charts.drawn(solutions.performance, both)
        | charts.drawn(solutions.gap_against, both)
        | charts.drawn(solutions.correlations, ranks, EQUAL)
    )
    return Result(metrics | at_rest | ranks, figures)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

FARTHER = factor(1.5, "near the start should mean that the other went half as far again at least")
ROUNDING = Margin(1e-12, "float64 rounds at 1e-16, and three layers add up some of it")
SAME = factor(1.01, "the search runs through the same points up to rounding, which is far below a per cent")
SAME_DRAW = factor(2**0.5, "half, on a logarithmic scale, of what makes one minimum sharper than another")


def of_large_batches(id: str, study: str, by: Quantity) -> Claim:
    """What the original says of large batches, in one study: sharper ``by`` a measure, or nearer to the start."""
    (short, where, setting, besides), (measure, words) = solutions.WHERE[study], solutions.WORDS[by]
    end, other = ("first", "last") if by is DISTANCE else ("last", "first")  # where it is to be larger
    batch, than = (f"at batch {{setting.{setting}.batch_sizes.{name}}}" for name in (end, other))
    more, less = f"{study}.{by.name}.{end}", f"{study}.{by.name}.{other}"
    large, small = (f"{{{study}.{by.name}.{name}}}" for name in ("last", "first"))
    found = f"{measure} is {large} with the large batch and {small} with the small one"
    return Claim(
        id,
        source="original 3.3, part 2",
        headline=f"{short}, large batches {words}",
        quote=original.QUOTES["S16e" if by is DISTANCE else "S16a"],
        says=f"{where}, {measure} {batch} is {{margin}} that {than}: {{{more}}} against {{{less}}}.",
        holds=smaller(less, than=more, by=FARTHER if by is DISTANCE else keskar.SHARPER, paired=True),
        comments=Comments(
            supported=f"They do: {found}.{besides}",
            refuted=f"They do not, by a factor that counts: {found}.",
            inconclusive=f"Too near the factor that counts to call: {found}.",
        ),
    )


def of_the_paper(
    id: str, headline: str, says: str, found: str, holds: Test, published: str, effect: float | None = None
) -> Claim:
    """What the paper found in its own setting, which the full preset has."""
    title = f"In the paper's own setting, {headline}"
    comments = Comments(f"As in the paper: {found}.", f"Not as in the paper: {found}.", f"Too close to call: {found}.")
    says = f"{keskar.SETTING} {says}"
    return Claim(
        id, "Keskar et al. 2017", says, holds, headline=title, published=published, published_effect=effect, comments=comments
    )


WORDS = {
    "first": "small batch",
    "last": "large batch",
    "matched": "raised rate",
    "keskar": "sharpness",
    "rest.keskar": "at rest",
    "keskar.change": "sharpness, large ÷ small",
    "final_test_accuracy.change": "accuracy, large − small",
    "paper.distance.small_over_large": "distance, small ÷ large batch",
    "difference": "change of what it computes",
    "top": "steepest curvature",
    "with_gap_loss": "with the gap of the loss",
    "with_gap_accuracy": "with the gap of the accuracy",
}

CLAIMS = (
    of_large_batches("S16a", "f1", KESKAR),
    of_large_batches("S16b", "rest", TOP),
    of_large_batches("S16c", "updates", KESKAR),
    of_large_batches("S16d", "updates", TOP),
    of_large_batches("S16e", "f1", DISTANCE),
    of_large_batches("S16f", "updates", DISTANCE),
    of_large_batches("S16g", "small_rest", KESKAR),
    of_large_batches("S16h", "epochs", DISTANCE),
    of_the_paper(
        "paper-sharpness",
        "the large batch ends at least ten times as sharp",
        "the sharpness in full space of the large-batch minimum, over that of the small-batch one, is {margin}: "
        "{paper.keskar.change}.",
        "the large batch ends {paper.keskar.change} times as sharp",
        at_least("paper.keskar.change", keskar.ORDERS_SHARPER),
        keskar.TABLE_3,
        keskar.SHARPER_BY,
    ),
    of_the_paper(
        "paper-gap",
        "the large batch reads fewer new images",
        "the large batch has the lower test accuracy; from the small batch to the large one it changes by "
        "{paper.final_test_accuracy.change}.",
        "the test accuracy is {paper.final_test_accuracy.last} with the large batch and {paper.final_test_accuracy.first} with "
        "the small one",
        larger("paper.final_test_accuracy.first", than="paper.final_test_accuracy.last", paired=True),
        keskar.TABLE_2,
        keskar.WORSE_BY,
    ),
    of_the_paper(
        "paper-distance",
        "the small batch goes three to ten times as far",
        "the distance from the start with the small batch, over that with the large one, is {margins[0]} and {margins[1]}: "
        "{paper.distance.small_over_large}.",
        "the small batch ends {paper.distance.small_over_large} times as far from its start",
        every(
            at_least("paper.distance.small_over_large", keskar.LEAST_RATIO),
            at_most("paper.distance.small_over_large", keskar.LARGEST_RATIO),
        ),
        keskar.RANGE,
    ),
    Claim(
        "sharper-and-worse",
        source="ours",
        headline="Come to rest, the large batch is sharper and reads fewer new images",
        says="On F1 with a learning rate that falls to zero, the large batch ends {margins[0]} as sharp by Keskar's measure "
        "({rest.keskar.change}), and loses as much test accuracy as in the paper: it differs by "
        "{rest.final_test_accuracy.change}, and {margins[1]} is such a loss.",
        holds=every(
            smaller("rest.keskar.first", than="rest.keskar.last", by=keskar.SHARPER, paired=True),
            at_most("rest.final_test_accuracy.change", -keskar.LOST_ACCURACY),
        ),
        comments=Comments(
            supported="As the paper found: the large batch ends {rest.keskar.change} times as sharp as the small one, and its "
            "test accuracy differs by {rest.final_test_accuracy.change}. Whether the one is the reason is another claim.",
            refuted="At least one half is false: the large batch ends {rest.keskar.change} times as sharp as the small one, "
            "and its test accuracy differs by {rest.final_test_accuracy.change}.",
            inconclusive="The large batch ends {rest.keskar.change} times as sharp as the small one, and its test accuracy "
            "differs by {rest.final_test_accuracy.change}: one of the two is too close to call.",
        ),
    ),
    Claim(
        "flat-and-worse",
        source="ours",
        headline="At a raised rate the large batch is no longer sharper, and still reads fewer new images",
        says="By Keskar's measure the large batch of F1 is {margins[0]} as sharp as the small one where its rate falls from "
        "{setting.f1_at_rest.learning_rate} ({rest.keskar.change}), and {margins[1]} times where it falls from "
        "{setting.f1_at_rest.raised_rate} ({matched.keskar.change}). Then too it loses as much test accuracy as in the paper: "
        "{matched.final_test_accuracy.change}, and {margins[2]} is such a loss.",
        holds=every(
            smaller("rest.keskar.first", than="rest.keskar.last", by=keskar.SHARPER, paired=True),
            at_most("matched.keskar.change", keskar.SHARPER),
            at_most("matched.final_test_accuracy.change", -keskar.LOST_ACCURACY),
        ),
        comments=Comments(
            supported="At the raised rate it is {matched.keskar.change} times as sharp as the small batch, and its test "
            "accuracy still differs by {matched.final_test_accuracy.change}. The sharpness goes, the loss of accuracy stays.",
            refuted="Not all of it: at the raised rate it is {matched.keskar.change} times as sharp as the small batch, and "
            "its test accuracy differs by {matched.final_test_accuracy.change}.",
            inconclusive="One part is too close to call: at the raised rate it is {matched.keskar.change} times as sharp as "
            "the small batch, and its test accuracy differs by {matched.final_test_accuracy.change}.",
        ),
    ),
    Claim(
        "draws-agree",
        source="ours",
        headline="The steepest curvature does not hang on which images you look at",
        says="Of {setting.f1_at_rest.num_train} training images those with the largest losses count for themselves, and a draw "
        "stands for the rest. A second draw, without a common image, changes the largest eigenvalue at the large batch by a "
        "factor of {margin}: {draws}.",
        holds=at_most("draws", SAME_DRAW),
        kind="check",
        comments=Comments(
            supported="A second draw of images changes it by a factor of {draws}: little enough to trust it.",
            refuted="A second draw of images changes it by a factor of {draws}: too much to trust it.",
            inconclusive="A second draw of images changes it by a factor of {draws}. With {setting.num_curved} runs, that may "
            "be more than we would like.",
        ),
    ),
    Claim(
        "rescaling-changes-sharpness",
        source="Dinh et al. 2017",
        headline="The same function can be made as sharp as you like",
        says="Multiplying the first layer by {setting.factors.first} and dividing the next by it changes the outputs by "
        "{margins[0]} of their size ({rescaled.difference}), and makes the network {margins[1]} as sharp: by Keskar's measure "
        "from {rescaled.keskar.before} to {rescaled.keskar.after}, by the largest eigenvalue from {rescaled.top.before} to "
        "{rescaled.top.after}.",
        published="rescaling a ReLU network makes equivalent minima arbitrarily sharp (as others report it).",
        holds=every(
            at_most("rescaled.difference", ROUNDING),
            smaller("rescaled.keskar.before", than="rescaled.keskar.after", by=keskar.SHARPER, paired=True),
            smaller("rescaled.top.before", than="rescaled.top.after", by=keskar.SHARPER, paired=True),
        ),
        kind="check",
        comments=Comments(
            supported="Not one answer changes, and Keskar's sharpness goes from {rescaled.keskar.before} to "
            "{rescaled.keskar.after}. Such a number cannot by itself tell how good the answers are.",
            refuted="Keskar's sharpness goes from {rescaled.keskar.before} to {rescaled.keskar.after}. It is proved that some "
            "factor makes it as large as you like: suspect this factor, or the measurement.",
            inconclusive="Keskar's sharpness goes from {rescaled.keskar.before} to {rescaled.keskar.after}: too few runs to "
            "show what is proved.",
        ),
    ),
    Claim(
        "adaptive-is-invariant",
        source="ours",
        headline="Sharpness in proportion to the weights ignores the rescaling",
        says="The adaptive sharpness of the rescaled network is the same within {margin}: {rescaled.adaptive.after} with the "
        "factor {setting.factors.first}, {rescaled.adaptive.before} with 1.",
        holds=equal("rescaled.adaptive.after", to="rescaled.adaptive.before", within=SAME, paired=True),
        kind="check",
        comments=Comments(
            supported="It is {rescaled.adaptive.before.short} before and {rescaled.adaptive.after.short} after: steps in "
            "proportion to the weights are rescaled with them.",
            refuted="It is {rescaled.adaptive.before.short} before and {rescaled.adaptive.after.short} after. It ought to be "
            "the same: suspect the measurement.",
            inconclusive="It is {rescaled.adaptive.before.short} before and {rescaled.adaptive.after.short} after: too few "
            "runs to show what the box makes sure of.",
        ),
    ),
    Claim(
        "sharpness-and-gap",
        source="ours",
        headline="Over many networks, the sharper ones have the larger gaps",
        says="Over all batch sizes of both experiments together, for equal epochs and for equal updates, the rank correlation "
        "of Keskar's sharpness with the generalisation gap is {margin}: {both.keskar.with_gap_loss} for the loss, "
        "{both.keskar.with_gap_accuracy} for the accuracy.",
        holds=every(at_least("both.keskar.with_gap_loss", TREND), at_least("both.keskar.with_gap_accuracy", TREND)),
        comments=Comments(
            supported="They do: sharpness has a rank correlation of {both.keskar.with_gap_loss} with the gap of the loss. That "
            "of the training loss is {both.final_train_loss.with_gap_loss}.",
            refuted="Sharpness says little: its rank correlation with the gap of the loss is {both.keskar.with_gap_loss}. That "
            "of the training loss is {both.final_train_loss.with_gap_loss}.",
            inconclusive="Sharpness has a rank correlation of {both.keskar.with_gap_loss} with the gap of the loss, too near "
            "the margin to call. That of the training loss is {both.final_train_loss.with_gap_loss}.",
        ),
    ),
)
