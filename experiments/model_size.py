"""What do more parameters do to the gap?

The original compares ten convolutional networks and concludes two things: more parameters help small networks and hardly matter
to large ones, and the gap between training and test grows with them. Its ten structures differ in depth and layout as well as
in size. We rebuild networks with exactly its numbers of parameters, and beside them turn one knob alone: the width of a single
hidden layer, on so few images that the size at which a network can fit every training label lies inside the range; once with
true labels, and once with some of them replaced at random.
"""

from dataclasses import asdict, dataclass, replace
from typing import Literal

from experiments import original
from experiments.margins import FITTED, TREND
from experiments.networks import search_table
from experiments.panels import SCORE_AXES, score_panels
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, measured, where_reached
from lab.data import MNIST
from lab.models import CNN, MLP
from lab.trained import Classification
from lab.training import ChosenLearningRate, Recipe, Train, tuned
from measured import charts
from measured.evidence import Claim, Comments, Margin, Metric, Quantity, Result, Seeds, Sweep
from measured.evidence.tests import at_least, equal, every, larger, smaller
from measured.jobs import gather

TITLE = "Parameters and the gap"

# Seconds of one worker, measured: 1,600 updates of 64 images take 1 s up to width 64, then 1.3, 1.8, 3.2 and 5.5 s, judged.
#   sweep               12 widths x 8 seeds x 2 kinds of labels       16 x 20 s             = 320 s
#   its rates           12 widths x 3 rates, 800 updates              3 x 10 s              =  30 s
#   the original's ten  1.3 ms per image for one of each, trained, 0.5 ms judged:
#                       5 seeds x (19,200 trained + 14,000 judged)    5 x (25 + 7) s        = 160 s
#   their rates         3 x 6,400 trained, 3 x 6,000 judged           3 x (8 + 3) s         =  33 s


@dataclass(frozen=True)
class Study:
    """How all networks of one comparison are trained."""

    images: MNIST
    """What a run trains on, in a draw of its own seed, and is tested on."""
    trial: MNIST
    """What a learning rate is chosen on for each network, in a draw that is not reported."""
    by: Literal["held-out loss", "training loss"]
    """What is to be low there."""
    recipe: Recipe
    """How a run trains, but for its learning rate, which goes up and down in one cycle."""
    search_updates: int
    """Mini-batches of the trainings that choose the learning rate."""
    seeds: Seeds
    """Runs of each network; a seed sets the images, the wrong labels, the initial weights and the order."""


CYCLE = Recipe(0.002, 1600, batch_size=64, schedule="one_cycle")
NOISY = MNIST(4000, label_noise=0.15)
# Where fitting is the question, rates are chosen by the training loss, on noisy labels for both sweeps; elsewhere on reserved images.
WIDTHS = Study(NOISY, replace(NOISY, seed=100, num_held_out=1), "training loss", CYCLE, 800, Seeds(8))
RESERVED = MNIST(4000, validation="reserved"), MNIST(4000, seed=100, validation="held out", num_held_out=2000)


@dataclass(frozen=True)
class Sizes:
    """Parameters of the networks with one hidden layer that claims compare."""

    smallest: int
    near_half_rule: int
    near_rule: int
    large: int
    largest: int


@dataclass(frozen=True)
class Settings:
    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 25, 50, 64, 128, 256, 512, 1000)
    """Hidden units of the sweep; each has 795 parameters, and ten more belong to the outputs."""
    large_width: int = 128
    """The network that the largest is compared with: large, with about an eighth of its parameters."""
    clean: Study = replace(WIDTHS, images=MNIST(4000))
    """The sweep of widths with true labels."""
    noisy: Study = WIDTHS
    """The sweep of widths with some labels replaced by a class drawn at random."""
    ten: Study = Study(*RESERVED, "held-out loss", replace(CYCLE, num_updates=300), 100, Seeds(5))
    """Networks with the original's ten numbers of parameters."""
    learning_rates: tuple[float, ...] = (0.002, 0.004, 0.008)
    """Candidates for the peak of the cycle."""

    @property
    def rule(self) -> int:
        """Parameters from which a network is said to fit any labels: as many as there are images times classes."""
        return self.clean.images.sizes[0] * MNIST.num_classes

    @property
    def size(self) -> Sizes:
        """Parameters of the networks that claims compare."""
        sizes = [one_layer(width).num_parameters for width in self.widths]
        near_half, near = (min(sizes, key=lambda size: abs(size - goal)) for goal in (self.rule / 2, self.rule))
        return Sizes(sizes[0], near_half, near, one_layer(self.large_width).num_parameters, sizes[-1])


STANDARD = Settings()


def resized(study: Study, num_updates: int, search_updates: int, seeds: Seeds, **images: int) -> Study:
    """The study with other trainings, and other numbers of images where they are given."""
    own, trial = replace(study.images, **images), replace(study.trial, num_train=images.get("num_train", study.trial.num_train))
    return Study(own, trial, study.by, replace(study.recipe, num_updates=num_updates), search_updates, seeds)


PRESETS = {
    "quick": Settings(
        (1, 2, 4),
        2,
        *(
            resized(study, 4, 1, Seeds(2), num_train=60, num_held_out=50)
            for study in (STANDARD.clean, STANDARD.noisy, STANDARD.ten)
        ),
        learning_rates=(0.003,),
    ),
    "standard": STANDARD,
    "full": Settings(
        widths=(1, 2, 4, 8, 12, 16, 25, 32, 40, 50, 64, 90, 128, 256, 512, 1000, 2000, 5000),
        clean=resized(STANDARD.clean, 60_000, 20_000, Seeds(20)),
        noisy=resized(STANDARD.noisy, 60_000, 20_000, Seeds(20)),
        ten=resized(STANDARD.ten, 15_620, 1562, Seeds(20), num_train=MNIST(validation="reserved").sizes[0]),
        learning_rates=(0.0003, 0.001, 0.003, 0.01),
    ),
}
LABELS = {
    "clean": "True labels.",
    "noisy": "{setting.noisy.images.label_noise.percent} of the training labels are replaced at random, to be fitted too.",
}


def one_layer(width: int) -> MLP:
    """One hidden layer of that many units."""
    return MLP(28 * 28, (width,), MNIST.num_classes)


def trainings(network: CNN | MLP, study: Study, rates: tuple[float, ...]) -> list[Train[Classification]]:
    """The reported runs of one network, at the learning rate that did best in trials."""
    runs = [Train(network, replace(study.images, seed=seed), study.recipe, seed) for seed in study.seeds]
    trial, updates, by = study.trial, study.search_updates, study.by
    return [tuned(run, rates, seeds=[trial.seed], data=trial, updates=updates, by=by) for run in runs]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    layers = [one_layer(width) for width in settings.widths]
    tried = {"clean": layers, "noisy": layers, "ten": [network for _, network, _ in original.TEN]}
    jobs = {
        name: {one.num_parameters: trainings(one, getattr(settings, name), settings.learning_rates) for one in several}
        for name, several in tried.items()
    }
    searches = {name: {size: runs[0].tuned_by for size, runs in found.items()} for name, found in jobs.items()}
    trained, chosen = gather((jobs, searches))
    sweeps = {name: Sweep("parameters", runs) for name, runs in trained.items()}
    metrics = {
        name: {"trend": {item.name: runs.correlation(item) for item in (TEST_ACCURACY, GAP_ACCURACY, GAP_LOSS)}}
        for name, runs in sweeps.items()
    }
    for name in LABELS:
        metrics[name] |= {"fitted": smallest_that_fits(sweeps[name])} | at_sizes(sweeps[name], settings.size)

    def both(name: str) -> dict[str, charts.Figure]:
        return charts.drawn(sweep, sweeps[name], metrics[name]["fitted"]["at"], settings, LABELS[name], variant=name)

    figures = both("clean") | both("noisy") | charts.drawn(gap, sweeps) | charts.drawn(ten, sweeps["ten"])
    return Result(
        metrics, figures | charts.drawn(networks, chosen["ten"]) | charts.drawn(rates, settings.widths, chosen["clean"])
    )


def at_sizes(runs: Sweep[Classification], size: Sizes) -> dict[str, dict[str, Metric]]:
    """Scores of the networks that claims compare."""
    quantities = (TRAIN_ACCURACY, TEST_ACCURACY, TEST_LOSS, GAP_ACCURACY, GAP_LOSS)
    return {name: measured(quantities, runs[at]) for name, at in asdict(size).items()}


def smallest_that_fits(runs: Sweep[Classification]) -> dict[str, Metric]:
    """Parameters of the smallest network that fits its training labels, of each seed."""
    of_seeds = [dict(zip(runs.values, found, strict=True)) for found in zip(*runs.runs.values(), strict=True)]
    fitting = [[size for size, one in found.items() if TRAIN_ACCURACY.of(one) >= FITTED.value] for found in of_seeds]
    return where_reached([min(sizes, default=None) for sizes in fitting], "", remedy="more updates, or wider networks")


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def scores_against_size(runs: Sweep[Classification], marks: dict[str, float] | None = None) -> charts.Figure:
    """Accuracy and loss, of training and of test images."""
    alt = "Accuracy, left, and loss, right, of training and of test images, against the number of parameters."
    return charts.trend(score_panels(runs), x=charts.Axis(runs.knob, log=True), y=SCORE_AXES, marks=marks, alt=alt)


def sweep(runs: Sweep[Classification], fitted: Metric, settings: Settings, labels: str) -> charts.Figure:
    """{labels} One hidden layer of {setting.widths.first} to {setting.widths.last} units, {setting.clean.images.num_train}
    training images of each run's own; scored in evaluation mode on all images trained on and on test images with their true
    labels."""
    marks = {f"{MNIST.num_classes} classes × {settings.clean.images.num_train:,} images": float(settings.rule)}
    if fitted.is_measured:
        marks[f"{100 * FITTED.value:g} % of labels fitted"] = fitted.value
    return scores_against_size(runs, marks)


def gap(sweeps: dict[str, Sweep[Classification]]) -> charts.Figure:
    """The gap by itself; positive is worse."""
    lines = {"one layer, true labels": "clean", "one layer, some labels wrong": "noisy", "the original's ten": "ten"}
    alt = "Gap of accuracy, left, and of loss, right, against parameters, for three sets of networks and labels."
    return charts.sweeps({line: sweeps[name] for line, name in lines.items()}, (GAP_ACCURACY, GAP_LOSS), alt=alt)


def ten(runs: Sweep[Classification]) -> charts.Figure:
    """The original's figure, with its ten numbers of parameters on a logarithmic axis: {setting.ten.images.num_train}
    training images per run, {setting.ten.recipe.num_updates} updates; scored in evaluation mode on all images trained on
    and on test images."""
    return scores_against_size(runs)


def networks(chosen: dict[int, ChosenLearningRate]) -> charts.Figure:
    """The original gives ten numbers of parameters and no layouts. These networks of ours have its numbers exactly; pooling
    follows each convolution."""
    rows = []
    for number, (word, network, kind) in enumerate(original.TEN, start=1):
        size, pooling = network.num_parameters, f"{network.pool} × {network.pool}"
        rows.append((number, word, size, str(network), pooling, kind, f"{chosen[size].learning_rate:g}"))
    columns = ("number", "the original calls it", "parameters", "our network", "pooling", "kind", "learning rate")
    return charts.table(columns, rows)


def rates(widths: tuple[int, ...], chosen: dict[int, ChosenLearningRate]) -> charts.Figure:
    """How the learning rates of the sweep were chosen: training loss on noisy labels after {setting.clean.search_updates}
    updates, on another draw of images and another seed."""
    groups = [
        (width, size, f"{found.learning_rate:g}", found) for width, (size, found) in zip(widths, chosen.items(), strict=True)
    ]
    return search_table(("hidden units", "parameters", "learning rate"), groups, "training loss at")


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TEN_POINTS = Margin(0.10, "ten points of accuracy are seen at a glance on the axis from 0 to 100 %")
ONE_POINT = Margin(0.01, "one point, over eight times the parameters, cannot be seen on the axis from 0 to 100 %")


def grows(claim: str, quote: str, sweep: str, quantity: Quantity) -> Claim:
    """That a quantity grows with the number of parameters over the networks of a sweep."""
    trend, what = f"{sweep}.trend.{quantity.name}", f"the {quantity.title.split(' (')[0]}"
    over = {"clean": "the widths", "ten": "the original's ten networks"}[sweep]
    return Claim(
        claim,
        source="original 3.2",
        headline=f"Over {over}, {what} grows with parameters",
        quote=original.QUOTES[quote],
        says=f"Over {over}, {what} grows with the number of parameters: rank correlation {{{trend}}}, {{margin}} to count.",
        holds=at_least(trend, TREND),
        comments=Comments(
            supported=f"Over {over} as a whole, {what} goes up in step with the number of parameters.",
            refuted=f"Over {over} as a whole, {what} does not go up in step with the number of parameters.",
            inconclusive=f"Whether {what} goes up with the number of parameters over {over}, these seeds do not decide.",
        ),
    )


CLAIMS = (
    Claim(
        "S12a",
        source="original 3.2",
        headline="Small networks gain from parameters",
        quote=original.QUOTES["S12a"],
        says="From {setting.size.smallest} to {setting.size.near_rule} parameters, test accuracy rises by {margin}: from "
        "{clean.smallest.final_test_accuracy} to {clean.near_rule.final_test_accuracy}.",
        holds=larger(
            "clean.near_rule.final_test_accuracy", than="clean.smallest.final_test_accuracy", by=TEN_POINTS, paired=True
        ),
        comments=Comments(
            supported="Up to the size that the rule names, parameters help by far more than can be overlooked.",
            refuted="Even the smallest networks gain less than that, so that the original's comment has nothing to begin with.",
            inconclusive="Small networks may gain that much; these seeds leave it open.",
        ),
    ),
    Claim(
        "S12b",
        source="original 3.2",
        headline="Large networks hardly gain from parameters",
        quote=original.QUOTES["S12b"],
        says="From {setting.size.large} to {setting.size.largest} parameters, test accuracy changes by {margin}: from "
        "{clean.large.final_test_accuracy} to {clean.largest.final_test_accuracy}.",
        holds=equal("clean.largest.final_test_accuracy", to="clean.large.final_test_accuracy", within=ONE_POINT, paired=True),
        comments=Comments(
            supported="At this size the number of parameters no longer matters much.",
            refuted="Large networks, too, still change by more than that.",
            inconclusive="Whether large networks change by less than that is open over these seeds.",
        ),
    ),
    grows("S12c", "S12a", "ten", TEST_ACCURACY),
    Claim(
        "S12d",
        source="original 3.2",
        headline="A network that is large enough finds good weights easily",
        quote=original.QUOTES["S12d"],
        says="With {setting.size.near_rule} parameters, about as many as classes times images, the network fits {margin} of "
        "its training labels: {clean.near_rule.final_train_accuracy}.",
        holds=at_least("clean.near_rule.final_train_accuracy", FITTED),
        comments=Comments(
            supported="As far as fitting goes it is easy: at that size plain training fits nearly every label.",
            refuted="Not by this training: even a network of that size leaves training labels unfitted.",
            inconclusive="It comes close to fitting them all; these seeds do not settle it.",
        ),
    ),
    grows("S13a", "S13a", "clean", GAP_ACCURACY),
    grows("S13b", "S13a", "clean", GAP_LOSS),
    grows("S13c", "S13a", "ten", GAP_ACCURACY),
    Claim(
        "S13d",
        source="original 3.2",
        headline="More parameters overfit, to the harm of unseen images",
        quote=original.QUOTES["S13d"],
        says="From {setting.size.near_rule} to {setting.size.largest} parameters test accuracy falls: from "
        "{clean.near_rule.final_test_accuracy} to {clean.largest.final_test_accuracy}.",
        holds=smaller("clean.largest.final_test_accuracy", than="clean.near_rule.final_test_accuracy", paired=True),
        comments=Comments(
            supported="Beyond the size that the rule names, more parameters do harm on images never seen.",
            refuted="A gap is no harm: beyond that size, more parameters take nothing away from unseen images.",
            inconclusive="Whether more parameters harm unseen images beyond that size is open over these seeds.",
        ),
    ),
    Claim(
        "peak-at-threshold",
        source="Belkin et al. 2019",
        headline="With noisy labels, the test loss peaks near classes times images parameters",
        says="With {setting.noisy.images.label_noise.percent} label noise, the test loss at {setting.size.near_rule} "
        "parameters, about as many as classes times images, lies above that at {setting.size.near_half_rule} and above that "
        "of the largest network: {noisy.near_rule.final_test_loss}, {noisy.near_half_rule.final_test_loss} and "
        "{noisy.largest.final_test_loss}.",
        published="the threshold of interpolation at about classes times images parameters (as a review reports it).",
        holds=every(
            larger("noisy.near_rule.final_test_loss", than="noisy.near_half_rule.final_test_loss", paired=True),
            larger("noisy.near_rule.final_test_loss", than="noisy.largest.final_test_loss", paired=True),
        ),
    ),
)
