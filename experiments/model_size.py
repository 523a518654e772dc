"""What do more parameters do to the gap?

The original compares ten convolutional networks and concludes that more parameters help small networks and hardly matter to
large ones, and that the gap between training and test grows with them. Its ten differ in depth and layout as well as in size.
We rebuild networks with exactly its numbers of parameters, and beside them turn one knob alone: the width of a single hidden
layer, on so few images that the size at which a network fits every training label lies inside the range; with true labels, and
with some replaced at random.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from experiments import original
from experiments.margins import FITTED, TREND
from experiments.networks import search_table
from experiments.panels import score_trend
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, measured
from experiments.thresholds import first_values, where_reached
from lab.data import MNIST
from lab.models import CNN, MLP
from lab.trained import Classification
from lab.training import ChosenLearningRate, Recipe, Train, tuned
from measured import charts
from measured.evidence import Claim, Comments, Margin, Quantity, Result, Seeds, Sweep
from measured.evidence.tests import at_least, equal, every, larger, smaller
from measured.jobs import gather

TITLE = "Parameters and the gap"

# Seconds of one worker, measured: 1,600 updates of 64 images take 1 s up to width 64, then 1.3, 1.8, 3.2 and 5.5 s, judged: all
# widths 20 s, times 8 seeds and 2 kinds of labels, and 30 s for their rates: 350 s. The ten take 1.3 ms per image trained and
# 0.5 ms judged, one of each: 5 seeds x (19,200 trained + 14,000 judged) + 3 rates x (6,400 + 6,000): 193 s.


@dataclass(frozen=True)
class Study:
    """How all networks of one comparison are trained."""

    images: MNIST
    """What a run trains on, in a draw of its own seed, and is tested on."""
    trial: MNIST
    """What a learning rate is chosen on for each network, in a draw that is not reported."""
    recipe: Recipe
    """How a run trains, but for its learning rate, which goes up and down in one cycle."""
    search_updates: int
    """Mini-batches of the trainings that choose the learning rate."""
    seeds: Seeds
    """Runs of each network; a seed sets the images, the wrong labels, the initial weights and the order."""


SCORES = (TRAIN_ACCURACY, TEST_ACCURACY, TEST_LOSS, GAP_ACCURACY, GAP_LOSS)
CYCLE = Recipe(0.002, 1600, batch_size=64, schedule="one_cycle")
NOISE = MNIST(4000, label_noise=0.15)
# Rates of the sweeps are chosen by the training loss on noisy labels: fitting is the question; of the ten, on reserved images.
NOISY = Study(NOISE, replace(NOISE, seed=100, num_held_out=1), CYCLE, search_updates=800, seeds=Seeds(8))
CLEAN = replace(NOISY, images=MNIST(4000))
RESERVED = MNIST(4000, seed=100, validation="held out", num_held_out=2000)
TEN = Study(MNIST(4000, validation="reserved"), RESERVED, replace(CYCLE, num_updates=300), search_updates=100, seeds=Seeds(5))


@dataclass(frozen=True)
class Sizes:
    """Parameters of the networks with one hidden layer that claims compare."""

    smallest: int
    half_rule: int
    rule: int
    large: int
    largest: int


@dataclass(frozen=True)
class Settings:
    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 25, 50, 64, 128, 256, 512, 1000)
    """Hidden units of the sweep; each has 795 parameters, and ten more belong to the outputs."""
    large_width: int = 128
    """Hidden units of the network that the largest is compared with, which is large itself."""
    clean: Study = CLEAN
    """The sweep of widths with true labels."""
    noisy: Study = NOISY
    """The sweep of widths with some labels replaced by a class drawn at random."""
    ten: Study = TEN
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


def resized(study: Study, num_updates: int, search_updates: int, seeds: Seeds, **images: int) -> Study:
    """The study with other trainings, and other numbers of images where they are given."""
    own, trial = replace(study.images, **images), replace(study.trial, num_train=images.get("num_train", study.trial.num_train))
    return Study(own, trial, replace(study.recipe, num_updates=num_updates), search_updates, seeds)


TOYS = [resized(study, 4, 1, Seeds(2), num_train=60, num_held_out=50) for study in (CLEAN, NOISY, TEN)]
PRESETS = {
    "quick": Settings((1, 2, 4), 2, *TOYS, learning_rates=(0.003,)),
    "standard": Settings(),
    "full": Settings(
        widths=(1, 2, 4, 8, 12, 16, 25, 32, 40, 50, 64, 90, 128, 256, 512, 1000, 2000, 5000),
        clean=resized(CLEAN, 60_000, 20_000, Seeds(20)),
        noisy=resized(NOISY, 60_000, 20_000, Seeds(20)),
        ten=resized(TEN, 15_620, 1562, Seeds(20), num_train=MNIST(validation="reserved").sizes[0]),
        learning_rates=(0.0003, 0.001, 0.003, 0.01),
    ),
}


def one_layer(width: int) -> MLP:
    """One hidden layer of that many units."""
    return MLP(28 * 28, (width,), MNIST.num_classes)


def trainings(network: CNN | MLP, study: Study, rates: tuple[float, ...]) -> list[Train[Classification]]:
    """The reported runs of one network, at the learning rate that did best in trials."""
    runs = [Train(network, replace(study.images, seed=seed), study.recipe, seed) for seed in study.seeds]
    trial, updates = study.trial, study.search_updates
    by = "held-out loss" if trial.validation == "held out" else "training loss"
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
    metrics: dict[str, dict[str, Any]] = {
        name: {"trend": {item.name: runs.correlation(item) for item in (TEST_ACCURACY, GAP_ACCURACY, GAP_LOSS)}}
        for name, runs in sweeps.items()
    }
    for name in ("clean", "noisy"):
        fitting = first_values(sweeps[name], TRAIN_ACCURACY, FITTED.value)
        metrics[name]["fitted"] = where_reached(fitting, "", remedy="more updates, or wider networks")
        metrics[name] |= {role: measured(SCORES, sweeps[name][size]) for role, size in asdict(settings.size).items()}
    noise = "{setting.noisy.images.label_noise.percent} of the training labels are replaced at random, to be fitted too."
    figures = charts.drawn(sweep, sweeps["clean"], metrics["clean"], settings, "True labels.", variant="clean")
    figures |= charts.drawn(sweep, sweeps["noisy"], metrics["noisy"], settings, noise, variant="noisy")
    figures |= charts.drawn(gap, sweeps) | charts.drawn(ten, sweeps["ten"]) | charts.drawn(networks, chosen["ten"])
    return Result(metrics, figures | charts.drawn(rates, settings.widths, chosen["clean"]))


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def sweep(runs: Sweep[Classification], metrics: dict[str, Any], settings: Settings, labels: str) -> charts.Figure:
    """{labels} {setting.clean.images.num_train} training images of each run's own; scored in evaluation mode on all images
    trained on and on test images with their true labels."""
    marks = {f"{MNIST.num_classes} classes × {settings.clean.images.num_train:,} images": float(settings.rule)}
    if (fitted := metrics["fitted"]["at"]).is_measured:
        marks[f"{100 * FITTED.value:g} % of labels fitted"] = fitted.value
    return score_trend(runs, marks)


def gap(sweeps: dict[str, Sweep[Classification]]) -> charts.Figure:
    """The gap by itself; positive is worse."""
    lines = {"one layer, true labels": "clean", "one layer, some labels wrong": "noisy", "the original's ten": "ten"}
    alt = "Gap of accuracy, left, and of loss, right, against parameters, for three sets of networks and labels."
    return charts.sweeps({line: sweeps[name] for line, name in lines.items()}, (GAP_ACCURACY, GAP_LOSS), alt=alt)


def ten(runs: Sweep[Classification]) -> charts.Figure:
    """The original's figure, on a logarithmic axis: {setting.ten.images.num_train} training images per run,
    {setting.ten.recipe.num_updates} updates, scored like the sweep."""
    return score_trend(runs)


def networks(chosen: dict[int, ChosenLearningRate]) -> charts.Figure:
    """Networks with exactly the original's ten numbers of parameters. Pooling follows each convolution."""
    rows = []
    for number, (word, network, kind) in enumerate(original.TEN, start=1):
        size, pooling = network.num_parameters, f"{network.pool} × {network.pool}"
        rows.append((number, word, size, str(network), pooling, kind, f"{chosen[size].learning_rate:g}"))
    columns = ("number", "the original calls it", "parameters", "our network", "pooling", "kind", "learning rate")
    return charts.table(columns, rows)


def rates(widths: tuple[int, ...], chosen: dict[int, ChosenLearningRate]) -> charts.Figure:
    """Training loss on noisy labels after {setting.clean.search_updates} updates, by which the sweep's rates are chosen."""
    groups = [(width, size, f"{of.learning_rate:g}", of) for width, (size, of) in zip(widths, chosen.items(), strict=True)]
    return search_table(("hidden units", "parameters", "learning rate"), groups, "training loss at")


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TEN_POINTS = Margin(0.10, "ten points of accuracy are seen at a glance on the axis from 0 to 100 %")
ONE_POINT = Margin(0.01, "one point of accuracy cannot be seen on the axis from 0 to 100 %")


def grows(claim: str, quote: str, sweep: str, quantity: Quantity) -> Claim:
    """That a quantity grows with the number of parameters over the networks of a sweep."""
    trend, what = f"{sweep}.trend.{quantity.name}", f"the {quantity.title.split(' (')[0]}"
    over = {"clean": "the range of widths", "ten": "the original's ten networks"}[sweep]
    return Claim(
        claim,
        source="original 3.2",
        headline=f"Over {over}, {what} grows with parameters",
        quote=original.QUOTES[quote],
        says=f"Over {over}, {what} grows with the number of parameters: rank correlation {{{trend}}}, {{margin}} to count.",
        holds=at_least(trend, TREND),
        comments=Comments(
            supported=f"Over {over} as a whole, {what} goes up with the number of parameters.",
            refuted=f"Over {over} as a whole, {what} does not go up with the number of parameters.",
            inconclusive=f"Whether {what} goes up with the number of parameters over {over}, these seeds do not decide.",
        ),
    )


CLAIMS = (
    Claim(
        "S12a",
        source="original 3.2",
        headline="Small networks gain from parameters",
        quote=original.QUOTES["S12a"],
        says="From {setting.size.smallest} to {setting.size.rule} parameters, test accuracy rises by {margin}: from "
        "{clean.smallest.final_test_accuracy} to {clean.rule.final_test_accuracy}.",
        holds=larger("clean.rule.final_test_accuracy", than="clean.smallest.final_test_accuracy", by=TEN_POINTS, paired=True),
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
            refuted="Large networks still change by more than that.",
            inconclusive="Whether large networks change by less than that is open over these seeds.",
        ),
    ),
    grows("S12c", "S12a", "ten", TEST_ACCURACY),
    Claim(
        "S12d",
        source="original 3.2",
        headline="A network that is large enough finds good weights easily",
        quote=original.QUOTES["S12d"],
        says="With {setting.size.rule} parameters, about as many as classes times images, the network fits {margin} of its "
        "training labels: {clean.rule.final_train_accuracy}.",
        holds=at_least("clean.rule.final_train_accuracy", FITTED),
        comments=Comments(
            supported="As far as fitting goes it is easy: at that size plain training fits nearly every label.",
            refuted="Not by this training: even a network of that size leaves training labels unfitted.",
            inconclusive="Whether a network of that size fits its training labels, these seeds do not settle.",
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
        says="From {setting.size.rule} to {setting.size.largest} parameters test accuracy falls: from "
        "{clean.rule.final_test_accuracy} to {clean.largest.final_test_accuracy}.",
        holds=smaller("clean.largest.final_test_accuracy", than="clean.rule.final_test_accuracy", paired=True),
        comments=Comments(
            supported="Beyond the size that the rule names, more parameters do harm on images never seen.",
            refuted="A gap is no harm: beyond the size that the rule names, more parameters cost no accuracy on unseen images.",
            inconclusive="Whether more parameters harm unseen images beyond that size is open over these seeds.",
        ),
    ),
    Claim(
        "peak-at-threshold",
        source="Belkin et al. 2019",
        headline="With noisy labels, the test loss peaks near classes times images parameters",
        says="With {setting.noisy.images.label_noise.percent} label noise, the test loss at {setting.size.rule} parameters, "
        "about as many as classes times images, lies above that at {setting.size.half_rule} and above that of the largest "
        "network: {noisy.rule.final_test_loss}, {noisy.half_rule.final_test_loss} and {noisy.largest.final_test_loss}.",
        published="the threshold of interpolation at about classes times images parameters (as a review reports it).",
        holds=every(
            larger("noisy.rule.final_test_loss", than="noisy.half_rule.final_test_loss", paired=True),
            larger("noisy.rule.final_test_loss", than="noisy.largest.final_test_loss", paired=True),
        ),
    ),
)
