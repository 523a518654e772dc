"""What do more parameters do to the gap?

The original compares ten convolutional networks and concludes that more parameters help small networks and hardly matter to
large ones, and that the gap between training and test grows with them. Its ten differ in depth and layout as well as in size.
We rebuild networks with exactly its numbers of parameters, and beside them turn one knob alone: the width of a single hidden
layer, on so few images that the size at which a network begins to fit every training label lies inside the range; with true
labels, and with some replaced at random. All networks of one comparison are trained in the same way, at one learning rate.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from experiments import original
from experiments.compared import Study, resized, search, trainings
from experiments.margins import FITTED, TREND
from experiments.networks import search_table
from experiments.panels import score_trend
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, measured
from experiments.thresholds import around, first_values, gain_per_doubling, lowest_before, where_reached
from lab.data import MNIST
from lab.models import MLP
from lab.trained import Classification
from lab.training import ChosenLearningRate, LearningRateSearch, Recipe
from measured import charts
from measured.evidence import Claim, Comments, Margin, Quantity, Result, Runs, Seeds, Sweep, factor
from measured.evidence.tests import Test, at_least, at_most, every, larger, smaller, some
from measured.jobs import gather

TITLE = "Parameters and the gap"
RUNS = Runs(
    varies="the training images, which of their labels are wrong, the initial weights and the order of batches",
    shared="the test images and the draw of images on which the learning rate was chosen",
)

# Seconds of one worker, as measured in a build: 1,600 updates of 128 images take 0.5 s up to width 25 (where nothing else runs
# beside them), then 1.0, 1.6, 2.5 and 4.3 s: 20 runs, 12 of them with noise, x 11 s + 8 x 4.3 s = 255 s. The ten, one of each
# for 6 seeds x (19,200 images trained + 14,000 judged), 6 x 39 s = 236 s; rates 16 s.

TEN_NETWORKS = [network for _, network, _ in original.TEN]
SCORES = (TRAIN_ACCURACY, TEST_ACCURACY, TEST_LOSS, GAP_ACCURACY, GAP_LOSS)
CYCLE = Recipe(0.008, 1600, batch_size=128, schedule="one_cycle")
NOISE = MNIST(2000, label_noise=0.15)
# The rate of the sweeps is chosen by fitting noisy labels, that of the ten on reserved images; all of it on other seeds.
NOISY = Study(NOISE, replace(NOISE, seed=100, num_held_out=1), CYCLE, search_updates=600, seeds=Seeds(12, 200))
CLEAN = replace(NOISY, images=MNIST(2000), seeds=Seeds(8, 200))
RESERVED = MNIST(4000, seed=100, validation="held out", num_held_out=1000)
SHORT = replace(CYCLE, num_updates=300, batch_size=64)
TEN = Study(MNIST(4000, validation="reserved"), RESERVED, SHORT, search_updates=100, seeds=Seeds(6))


@dataclass(frozen=True)
class Sizes:
    """Parameters of the networks with one hidden layer that claims compare."""

    smallest: int
    small: int
    twice: int
    fourfold: int
    rule: int
    large: int
    wide: int
    largest: int


@dataclass(frozen=True)
class Settings:
    widths: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 9, 11, 13, 16, 25, 64, 128, 256)
    """Hidden units of the sweeps, closer together where networks begin to fit their labels."""
    widest: int = 512
    """Hidden units of the largest network, which learns true labels alone."""
    small_widths: tuple[int, int, int] = (4, 8, 16)
    """Hidden units of small networks, doubled from one to the next."""
    large_width: int = 64
    """Hidden units of the network from which on networks count as large."""
    searched_widths: tuple[int, ...] = (256,)
    """Hidden units of the networks on which the learning rate of all is chosen: wide ones, which bear least."""
    clean: Study = CLEAN
    """The sweep of widths with true labels."""
    noisy: Study = NOISY
    """The sweep of widths with some labels replaced by a class drawn at random."""
    ten: Study = TEN
    """Networks with the original's ten numbers of parameters."""
    learning_rates: tuple[float, ...] = (0.002, 0.004, 0.008, 0.016)
    """Candidates for the peak of the cycle, one for all networks of a comparison."""

    @property
    def rule(self) -> int:
        """Parameters from which a network is said to fit any labels: as many as there are images times classes."""
        return self.clean.images.sizes[0] * MNIST.num_classes

    @property
    def size(self) -> Sizes:
        """Parameters of the networks that claims compare."""
        small, twice, fourfold = (one_layer(width).num_parameters for width in self.small_widths)
        sizes = [one_layer(width).num_parameters for width in self.widths]
        near = min(sizes, key=lambda size: abs(size - self.rule))
        ends = one_layer(self.large_width).num_parameters, sizes[-1], one_layer(self.widest).num_parameters
        return Sizes(sizes[0], small, twice, fourfold, near, *ends)


CLEAN_TOY, NOISY_TOY, TEN_TOY = [resized(study, 4, 1, Seeds(2), num_train=60, num_held_out=50) for study in (CLEAN, NOISY, TEN)]
PRESETS = {
    "quick": Settings(
        widths=(1, 2, 4), widest=8, small_widths=(1, 2, 4), large_width=4, searched_widths=(2,), clean=CLEAN_TOY,
        noisy=NOISY_TOY, ten=TEN_TOY, learning_rates=(0.003,),
    ),
    "standard": Settings(),
    "full": Settings(
        widths=(1, 2, 3, 4, 6, 8, 11, 13, 16, 19, 23, 27, 32, 38, 50, 64, 90, 128, 256, 512, 1000, 2000), widest=5000,
        searched_widths=(2000,), learning_rates=(0.0003, 0.001, 0.003, 0.01),
        clean=resized(CLEAN, 60_000, 20_000, Seeds(20), num_train=4000),
        noisy=resized(NOISY, 60_000, 20_000, Seeds(20), num_train=4000),
        ten=resized(TEN, 15_620, 1562, Seeds(20), num_train=MNIST(validation="reserved").sizes[0]),
    ),
}  # fmt: skip


def one_layer(width: int) -> MLP:
    """One hidden layer of that many units."""
    return MLP(28 * 28, (width,), MNIST.num_classes)


def searches(settings: Settings) -> dict[str, dict[str, LearningRateSearch]]:
    """What chooses the rate of ``all`` networks of a comparison, and the same trials network by network, for the table."""
    ten = sorted(TEN_NETWORKS, key=lambda network: network.num_parameters)
    tried = {"noisy": list(map(one_layer, settings.searched_widths)), "ten": [ten[0], ten[len(ten) // 2], ten[-1]]}
    found = {}
    for name, networks in tried.items():
        study, rates = getattr(settings, name), settings.learning_rates
        found[name] = {"all": search(networks, study, rates)} | {str(one): search([one], study, rates) for one in networks}
    return found


def run(settings: Settings = PRESETS["standard"]) -> Result:
    asked, layers = searches(settings), list(map(one_layer, settings.widths))
    sets = {"clean": ([*layers, one_layer(settings.widest)], "noisy"), "noisy": (layers, "noisy"), "ten": (TEN_NETWORKS, "ten")}
    jobs = {
        name: {one.num_parameters: trainings(one, getattr(settings, name), asked[by]["all"]) for one in several}
        for name, (several, by) in sets.items()
    }
    trained, chosen = gather((jobs, asked))
    sweeps = {name: Sweep("parameters", runs) for name, runs in trained.items()}
    metrics: dict[str, dict[str, Any]] = {"ten": {item.name: sweeps["ten"].correlation(item) for item in SCORES}}
    for name in ("clean", "noisy"):
        runs, fitting = sweeps[name], first_values(sweeps[name], TRAIN_ACCURACY, FITTED.value)
        metrics[name] = {"fitted": where_reached(fitting, "", remedy="more updates, or wider networks")}
        metrics[name] |= {role: measured(SCORES, runs[at]) for role, at in asdict(settings.size).items() if at in runs.runs}
        metrics[name] |= around(runs, fitting, SCORES) | {"before": {TEST_LOSS.name: lowest_before(runs, fitting, TEST_LOSS)}}
    metrics["clean"]["gain"] = gain_per_doubling(sweeps["clean"], TEST_ACCURACY, settings.size.large, settings.size.largest)
    noise = "{setting.noisy.images.label_noise.percent} of the training labels are replaced at random, to be fitted too."
    figures = charts.drawn(sweep, sweeps["clean"], metrics["clean"], settings, "True labels.", variant="clean")
    figures |= charts.drawn(sweep, sweeps["noisy"], metrics["noisy"], settings, noise, variant="noisy")
    figures |= charts.drawn(gap, sweeps, metrics) | charts.drawn(ten, sweeps["ten"]) | charts.drawn(networks)
    return Result(metrics, figures | charts.drawn(rates, chosen))


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def sweep(runs: Sweep[Classification], metrics: dict[str, Any], settings: Settings, labels: str) -> charts.Figure:
    """{labels} {setting.clean.images.num_train} training images of each run's own; scored in evaluation mode on all images
    trained on and on test images with their true labels."""
    marks = {f"{MNIST.num_classes} classes × {settings.clean.images.sizes[0]:,} images": float(settings.rule)}
    if (fitted := metrics["fitted"]["at"]).is_measured:
        marks[f"{100 * FITTED.value:g} % of labels fitted"] = fitted.value
    return score_trend(runs, marks)


def gap(sweeps: dict[str, Sweep[Classification]], metrics: dict[str, Any]) -> charts.Figure:
    """The gap by itself: training minus test accuracy, and test minus training loss. Marked is where networks with one layer
    begin to fit their labels."""
    lines = {"one layer, true labels": "clean", "one layer, some labels wrong": "noisy", "the original's ten": "ten"}
    fitted = {line: metrics[lines[line]]["fitted"]["at"] for line in list(lines)[:2]}
    marks = {f"{line}: fitted": at.value for line, at in fitted.items() if at.is_measured}
    alt = "Gap of accuracy, left, and of loss, right, against parameters, for each set of networks and labels."
    return charts.sweeps({line: sweeps[name] for line, name in lines.items()}, (GAP_ACCURACY, GAP_LOSS), marks=marks, alt=alt)


def ten(runs: Sweep[Classification]) -> charts.Figure:
    """The original's figure, on a logarithmic axis: {setting.ten.images.num_train} training images per run,
    {setting.ten.recipe.num_updates} updates, scored like the sweep."""
    return score_trend(runs)


def networks() -> charts.Figure:
    """Networks with exactly the original's ten numbers of parameters. Pooling follows each convolution."""
    rows = [
        (number, word, of.num_parameters, str(of), f"{of.pool} × {of.pool}", kind)
        for number, (word, of, kind) in enumerate(original.TEN, start=1)
    ]
    return charts.table(("number", "the original calls it", "parameters", "our network", "pooling", "kind"), rows)


def rates(chosen: dict[str, dict[str, ChosenLearningRate]]) -> charts.Figure:
    """One learning rate for all networks of a comparison: that with the lowest loss, or median loss, of the networks tried. For
    the sweep that is training loss on noisy labels after {setting.noisy.search_updates} updates, for the ten the loss on
    reserved images after {setting.ten.search_updates}."""
    words = {"noisy": "the sweep", "ten": "the ten"}
    groups = [
        (words[name], "median of these" if network == "all" else network, f"{of.learning_rate:g}", of)
        for name, searched in chosen.items()
        for network, of in searched.items()
        if network != "all" or len(searched) > 2
    ]
    return search_table(("for", "network", "best"), groups, "loss at")


# ---------------------------------------------------------------------------------------------------------------------
# Claims

ONE_POINT = Margin(0.01, "one point of accuracy cannot be seen on the axis from 0 to 100 %")
TWENTIETH_NAT = Margin(0.05, "a twentieth of a nat is a twentieth of the probability that the right class gets")
TWENTIETH = factor(1.05, "on the figure's logarithmic axis less than a twentieth is no rise or fall that an eye sees")


def trend(claim: str, quote: str, quantity: Quantity) -> Claim:
    """That a quantity grows with the number of parameters over the original's ten networks."""
    name, what = f"ten.{quantity.name}", f"the {quantity.title.split(' (')[0]}"
    return Claim(
        claim,
        source="original 3.2",
        headline=f"Over the original's ten networks, {what} grows with parameters",
        quote=original.QUOTES[quote],
        says=f"Over the original's ten networks, {what} grows with the number of parameters: rank correlation {{{name}}}, "
        "{margin} to count.",
        holds=at_least(name, TREND),
        comments=Comments(
            supported=f"Over the ten as a whole, {what} goes up with the number of parameters.",
            refuted=f"Over the ten as a whole, {what} does not go up with the number of parameters.",
            inconclusive=f"Whether {what} goes up with the number of parameters over the ten, these seeds do not decide.",
        ),
    )


def rises(quantity: Quantity, by: Margin) -> Test:
    """That a gap is wider at the size that just fits the labels than in the smallest network."""
    return larger(f"clean.threshold.{quantity.name}", than=f"clean.smallest.{quantity.name}", by=by, paired=True)


def grows(claim: str, quantity: Quantity, by: Margin) -> Claim:
    """That a gap grows with the number of parameters all along: up to the size that fits the labels, and beyond it."""
    what = f"the {quantity.title.split(' (')[0]}"
    return Claim(
        claim,
        source="original 3.2",
        headline=f"With the width of one layer, {what} grows all along",
        quote=original.QUOTES["S13a"],
        says=f"{what.capitalize()} grows by {{margins[0]}} up to the first network that fits the labels, and by as much beyond "
        f"it: from {{clean.smallest.{quantity.name}}} at {{setting.size.smallest}} parameters to "
        f"{{clean.threshold.{quantity.name}}} there and {{clean.largest.{quantity.name}}} at {{setting.size.largest}}.",
        holds=every(
            rises(quantity, by),
            larger(f"clean.largest.{quantity.name}", than=f"clean.threshold.{quantity.name}", by=by, paired=True),
        ),
        comments=Comments(
            supported=f"{what.capitalize()} keeps growing, also where every label is fitted already.",
            refuted=f"{what.capitalize()} does not grow all along: in one half of the range at least it fails to.",
            inconclusive=f"Whether {what} grows in both halves of the range, these seeds do not decide.",
        ),
    )


CLAIMS = (
    Claim(
        "S12a",
        source="original 3.2",
        headline="Small networks gain from parameters",
        quote=original.QUOTES["S12a"],
        says="Small networks gain {margins[0]} of test accuracy with every doubling: {clean.small.final_test_accuracy} with "
        "{setting.size.small} parameters, {clean.twice.final_test_accuracy} with {setting.size.twice} and "
        "{clean.fourfold.final_test_accuracy} with {setting.size.fourfold}.",
        holds=every(
            larger("clean.twice.final_test_accuracy", than="clean.small.final_test_accuracy", by=ONE_POINT, paired=True),
            larger("clean.fourfold.final_test_accuracy", than="clean.twice.final_test_accuracy", by=ONE_POINT, paired=True),
        ),
        comments=Comments(
            supported="Among small networks, whoever doubles the parameters sees the difference.",
            refuted="Even among small networks a doubling can go unseen.",
            inconclusive="Whether every doubling of a small network can be seen, these seeds leave open.",
        ),
    ),
    Claim(
        "S12b",
        source="original 3.2",
        headline="Large networks hardly gain from parameters",
        quote=original.QUOTES["S12b"],
        says="From {setting.size.large} to {setting.size.largest} parameters, test accuracy gains {margin} with a doubling, "
        "on average: {clean.gain}.",
        holds=at_most("clean.gain", ONE_POINT),
        comments=Comments(
            supported="At this size, whoever doubles the parameters does not see the difference.",
            refuted="Large networks still gain more than that.",
            inconclusive="Whether large networks gain less than that is open over these seeds.",
        ),
    ),
    trend("S12c", "S12a", TEST_ACCURACY),
    Claim(
        "S12d",
        source="original 3.2",
        headline="A network that is large enough finds good weights easily",
        quote=original.QUOTES["S12d"],
        says="With {setting.size.rule} parameters, about as many as classes times images, the network fits {margins[0]} of its "
        "training labels, where all are true and where {setting.noisy.images.label_noise.percent} were replaced: "
        "{clean.rule.final_train_accuracy} and {noisy.rule.final_train_accuracy}.",
        holds=every(at_least("clean.rule.final_train_accuracy", FITTED), at_least("noisy.rule.final_train_accuracy", FITTED)),
        comments=Comments(
            supported="As far as fitting goes it is easy: at that size plain training fits nearly every label, wrong ones too.",
            refuted="Not by this training: even a network of that size leaves training labels unfitted.",
            inconclusive="Whether a network of that size fits its training labels, these seeds do not settle.",
        ),
    ),
    grows("S13a", GAP_ACCURACY, ONE_POINT),
    grows("S13b", GAP_LOSS, TWENTIETH_NAT),
    trend("S13c", "S13a", GAP_ACCURACY),
    Claim(
        "gap-rises",
        source="ours",
        headline="Up to the size that fits every label, both gaps grow",
        says="From {setting.size.smallest} parameters to the first network that fits the true labels, the gap of accuracy "
        "widens by {margins[0]} and that of the loss by {margins[1]}: to {clean.threshold.gap_accuracy} and "
        "{clean.threshold.gap_loss} nats.",
        holds=every(rises(GAP_ACCURACY, ONE_POINT), rises(GAP_LOSS, TWENTIETH_NAT)),
        comments=Comments(
            supported="So far the original is right.",
            refuted="Not even there does the gap grow in both readings.",
            inconclusive="Whether both gaps grow up to there, these seeds do not decide.",
        ),
    ),
    Claim(
        "gap-falls",
        source="ours",
        headline="Beyond that size, both gaps shrink",
        says="From the first network that fits the true labels to {setting.size.largest} parameters, the gap of accuracy "
        "shrinks by {margins[0]} and that of the loss by {margins[1]}: to {clean.largest.gap_accuracy} and "
        "{clean.largest.gap_loss} nats.",
        holds=every(
            smaller("clean.largest.gap_accuracy", than="clean.threshold.gap_accuracy", by=ONE_POINT, paired=True),
            smaller("clean.largest.gap_loss", than="clean.threshold.gap_loss", by=TWENTIETH_NAT, paired=True),
        ),
        comments=Comments(
            supported="From there on more parameters close the gap, in both readings.",
            refuted="The gap does not shrink in both readings once the labels are fitted.",
            inconclusive="Whether both gaps shrink from there on, these seeds do not decide.",
        ),
    ),
    Claim(
        "S13d",
        source="original 3.2",
        headline="More parameters overfit, to the harm of unseen images",
        quote=original.QUOTES["S13d"],
        says="From the first network that fits the true labels to {setting.size.largest} parameters, test accuracy falls or "
        "the test loss rises: from {clean.threshold.final_test_accuracy} and {clean.threshold.final_test_loss} nats to "
        "{clean.largest.final_test_accuracy} and {clean.largest.final_test_loss}.",
        holds=some(
            smaller("clean.largest.final_test_accuracy", than="clean.threshold.final_test_accuracy", paired=True),
            larger("clean.largest.final_test_loss", than="clean.threshold.final_test_loss", paired=True),
        ),
        comments=Comments(
            supported="Beyond the size that fits every label, more parameters do harm on images never seen.",
            refuted="A gap is no harm: beyond that size, more parameters cost neither accuracy nor loss on unseen images.",
            inconclusive="Whether more parameters harm unseen images beyond that size is open over these seeds.",
        ),
    ),
    Claim(
        "peak-at-threshold",
        source="Belkin et al. 2019",
        headline="With noisy labels, the test loss peaks where networks begin to fit every label",
        says="With {setting.noisy.images.label_noise.percent} label noise, the test loss of the first network that fits its "
        "labels is {margins[0]} that of one of about half its size, and as much above one of about double its size: "
        "{noisy.threshold.final_test_loss}, {noisy.half.final_test_loss} and {noisy.double.final_test_loss}.",
        published="the test error of networks with one hidden layer peaks at the threshold of interpolation, at about classes "
        "times images parameters (as a review reports it).",
        holds=every(
            larger("noisy.threshold.final_test_loss", than="noisy.half.final_test_loss", by=TWENTIETH, paired=True),
            larger("noisy.threshold.final_test_loss", than="noisy.double.final_test_loss", by=TWENTIETH, paired=True),
        ),
        comments=Comments(
            supported="A network that only just fits the mistakes does worse elsewhere than its smaller and larger neighbours.",
            refuted="There is no such peak at the size that just fits the labels.",
            inconclusive="Whether there is a peak at that size, these seeds do not decide.",
        ),
    ),
    Claim(
        "descends-again",
        source="Belkin et al. 2019",
        headline="Beyond the peak the test loss falls below the best of the small networks",
        says="With {setting.noisy.images.label_noise.percent} label noise, the lowest test loss of all networks too small to "
        "fit the labels is {margin} that of {setting.size.wide} parameters: {noisy.before.final_test_loss} and "
        "{noisy.wide.final_test_loss}.",
        published="beyond the threshold the test error of large networks falls below the best of small ones (as a review "
        "reports it).",
        holds=larger("noisy.before.final_test_loss", than="noisy.wide.final_test_loss", by=TWENTIETH, paired=True),
        comments=Comments(
            supported="Whoever stops at the best of the small networks misses better ones.",
            refuted="The best of the small networks is not beaten by the largest one.",
            inconclusive="Whether the largest network beats the best of the small ones, these seeds do not decide.",
        ),
    ),
)
