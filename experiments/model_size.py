"""Do bigger networks overfit more?

The original compares ten convolutional networks and concludes that more parameters help small networks, hardly matter to large
ones, and widen the gap between training and test. Its ten differ in depth and layout as well as in size. We rebuild them, and
beside them turn one knob alone: the width of a single hidden layer, with true labels, and with some replaced at random.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from experiments import networks as shown
from experiments import original, size_curves
from experiments.compared import Study, resized, search, trainings
from experiments.margins import FITTED, TREND
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, measured
from experiments.thresholds import around, first_values, gain_per_doubling, lowest_before, where_reached
from lab.data import MNIST
from lab.models import MLP
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
    figures = charts.drawn(size_curves.gap, sweeps, metrics) | charts.drawn(size_curves.unseen, sweeps, metrics)
    for name, labels in size_curves.LABELS.items():
        figures |= charts.drawn(size_curves.sweep, sweeps[name], metrics[name], settings.rule, labels, variant=name)
    figures |= charts.drawn(size_curves.ten, sweeps["ten"]) | charts.drawn(shown.networks)
    return Result(metrics, figures | charts.drawn(rates, chosen))


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def rates(chosen: dict[str, dict[str, ChosenLearningRate]]) -> charts.Figure:
    """How the one learning rate of a comparison was chosen. The lowest loss, or median loss, of the networks tried decides. For
    the sweeps that is training loss on noisy labels after {setting.noisy.search_updates} updates, for the ten the loss on
    reserved images after {setting.ten.search_updates}."""
    words = {"noisy": "the sweep", "ten": "the ten"}
    groups = [
        (words[name], "median of these" if network == "all" else network, f"{of.learning_rate:g}", of)
        for name, searched in chosen.items()
        for network, of in searched.items()
        if network != "all" or len(searched) > 2
    ]
    return shown.search_table(("for", "network", "best"), groups, "loss at")


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
        headline=f"Over the original's ten networks, {what} grows with size",
        quote=original.QUOTES[quote],
        says=f"Over the original's ten networks, {what} grows with the number of parameters: rank correlation {{{name}}}, "
        "{margin} to count.",
        holds=at_least(name, TREND),
        comments=Comments(
            supported=f"As a rule, {what} is higher in the larger ones: rank correlation {{{name}}}. But they differ in depth "
            "and pooling too, so size need not be the reason.",
            refuted=f"As a rule it is not: the rank correlation is {{{name}}}.",
            inconclusive=f"The rank correlation is {{{name}}}: too near the margin to call it growth or none.",
        ),
    )


def rises(quantity: Quantity, by: Margin) -> Test:
    """That a gap is wider at the size that just fits the labels than in the smallest network."""
    return larger(f"clean.threshold.{quantity.name}", than=f"clean.smallest.{quantity.name}", by=by, paired=True)


def grows(claim: str, quantity: Quantity, by: Margin) -> Claim:
    """That a gap grows with the number of parameters all along: up to the size that fits the labels, and beyond it."""
    what, seen = f"the {quantity.title.split(' (')[0]}", f"{{clean.threshold.{quantity.name}}}"
    largest = f"{{clean.largest.{quantity.name}}}"
    return Claim(
        claim,
        source="original 3.2",
        headline=f"As one layer gets wider, {what} grows all along",
        quote=original.QUOTES["S13a"],
        says=f"{what.capitalize()} grows by {{margins[0]}} up to the first network that fits the labels, and by as much beyond "
        f"it: from {{clean.smallest.{quantity.name}}} at {{setting.size.smallest}} parameters to "
        f"{seen} there and {largest} at {{setting.size.largest}}.",
        holds=every(
            rises(quantity, by),
            larger(f"clean.largest.{quantity.name}", than=f"clean.threshold.{quantity.name}", by=by, paired=True),
        ),
        comments=Comments(
            supported=f"It keeps growing, from {seen} where labels are first fitted to {largest} in the largest network.",
            refuted=f"It does not: it is {seen} where labels are first fitted, and {largest} in the largest network.",
            inconclusive=f"It is {seen} where labels are first fitted and {largest} in the largest network: in one half of "
            "the range at least, too little to tell.",
        ),
    )


WORDS = {
    "clean": "true labels",
    "noisy": "some labels wrong",
    "twice": "twice as wide",
    "fourfold": "four times as wide",
    "threshold": "first that fits",
    "half": "half as wide",
    "double": "twice as wide",
    "before": "best before the peak",
    "wide": "widest",
    "gap_accuracy": "accuracy gap",
    "gap_loss": "loss gap",
    "final_test_accuracy": "accuracy",
    "final_test_loss": "loss",
}

CLAIMS = (
    Claim(
        "S12a",
        source="original 3.2",
        headline="Small networks gain from more parameters",
        quote=original.QUOTES["S12a"],
        says="Small networks gain {margins[0]} of test accuracy with every doubling: {clean.small.final_test_accuracy} with "
        "{setting.size.small} parameters, {clean.twice.final_test_accuracy} with {setting.size.twice} and "
        "{clean.fourfold.final_test_accuracy} with {setting.size.fourfold}.",
        holds=every(
            larger("clean.twice.final_test_accuracy", than="clean.small.final_test_accuracy", by=ONE_POINT, paired=True),
            larger("clean.fourfold.final_test_accuracy", than="clean.twice.final_test_accuracy", by=ONE_POINT, paired=True),
        ),
        comments=Comments(
            supported="Each doubling shows: two of them take the test accuracy from {clean.small.final_test_accuracy} to "
            "{clean.fourfold.final_test_accuracy}.",
            refuted="Even a small network can double without a gain that you would see: the test accuracy is "
            "{clean.twice.final_test_accuracy}, then {clean.fourfold.final_test_accuracy}.",
            inconclusive="Two doublings take the test accuracy from {clean.small.final_test_accuracy} to "
            "{clean.fourfold.final_test_accuracy}, but one of them may be too small to see.",
        ),
    ),
    Claim(
        "S12b",
        source="original 3.2",
        headline="Large networks hardly gain from more parameters",
        quote=original.QUOTES["S12b"],
        says="From {setting.size.large} to {setting.size.largest} parameters, test accuracy gains {margin} with a doubling, "
        "on average: {clean.gain}.",
        holds=at_most("clean.gain", ONE_POINT),
        comments=Comments(
            supported="Doubling a large network adds {clean.gain} of test accuracy on average: too little to see in a plot.",
            refuted="Doubling a large network still adds {clean.gain} of test accuracy.",
            inconclusive="Doubling a large network adds {clean.gain} of test accuracy: about as much as one can see.",
        ),
    ),
    trend("S12c", "S12a", TEST_ACCURACY),
    Claim(
        "S12d",
        source="original 3.2",
        headline="A network that is large enough fits its training labels easily",
        quote=original.QUOTES["S12d"],
        says="With {setting.size.rule} parameters, about as many as classes times images, the network fits {margins[0]} of its "
        "training labels, where all are true and where {setting.noisy.images.label_noise.percent} were replaced: "
        "{clean.rule.final_train_accuracy} and {noisy.rule.final_train_accuracy}.",
        holds=every(at_least("clean.rule.final_train_accuracy", FITTED), at_least("noisy.rule.final_train_accuracy", FITTED)),
        comments=Comments(
            supported="It fits {clean.rule.final_train_accuracy} of its labels where all are true, and "
            "{noisy.rule.final_train_accuracy} where some are wrong. That is memory: it says nothing yet of new images.",
            refuted="Not by this training: it fits {clean.rule.final_train_accuracy} of its labels where all are true, and "
            "{noisy.rule.final_train_accuracy} where some are wrong.",
            inconclusive="It fits {clean.rule.final_train_accuracy} of its labels where all are true, and "
            "{noisy.rule.final_train_accuracy} where some are wrong: too near the bound to call.",
        ),
    ),
    grows("S13a", GAP_ACCURACY, ONE_POINT),
    grows("S13b", GAP_LOSS, TWENTIETH_NAT),
    trend("S13c", "S13a", GAP_ACCURACY),
    Claim(
        "gap-rises",
        source="ours",
        headline="From the smallest network to the first that fits its labels, both gaps grow",
        says="From {setting.size.smallest} parameters to the first network that fits the true labels, the gap of accuracy "
        "widens by {margins[0]} and that of the loss by {margins[1]}: to {clean.threshold.gap_accuracy} and "
        "{clean.threshold.gap_loss} nats.",
        holds=every(rises(GAP_ACCURACY, ONE_POINT), rises(GAP_LOSS, TWENTIETH_NAT)),
        comments=Comments(
            supported="So far the original is right: where labels are first fitted, the gap is {clean.threshold.gap_accuracy} "
            "of accuracy, and {clean.threshold.gap_loss} nats of loss.",
            refuted="Not even there do both grow: the gap is {clean.threshold.gap_accuracy} of accuracy, and "
            "{clean.threshold.gap_loss} nats of loss.",
            inconclusive="The gap there is {clean.threshold.gap_accuracy} of accuracy and {clean.threshold.gap_loss} nats of "
            "loss. At least one of the two is too near where it began.",
        ),
    ),
    Claim(
        "gap-falls",
        source="ours",
        headline="From the first network that fits its labels to the largest, both gaps shrink",
        says="From the first network that fits the true labels to {setting.size.largest} parameters, the gap of accuracy "
        "shrinks by {margins[0]} and that of the loss by {margins[1]}: to {clean.largest.gap_accuracy} and "
        "{clean.largest.gap_loss} nats.",
        holds=every(
            smaller("clean.largest.gap_accuracy", than="clean.threshold.gap_accuracy", by=ONE_POINT, paired=True),
            smaller("clean.largest.gap_loss", than="clean.threshold.gap_loss", by=TWENTIETH_NAT, paired=True),
        ),
        comments=Comments(
            supported="The largest network has a narrower gap again: {clean.largest.gap_accuracy} of accuracy, and "
            "{clean.largest.gap_loss} nats of loss.",
            refuted="Not both of them: in the largest network the gap is {clean.largest.gap_accuracy} of accuracy, and "
            "{clean.largest.gap_loss} nats of loss.",
            inconclusive="In the largest network the gap is {clean.largest.gap_accuracy} of accuracy and "
            "{clean.largest.gap_loss} nats of loss. At least one of the two may not have shrunk.",
        ),
    ),
    Claim(
        "S13d",
        source="original 3.2",
        headline="Beyond the first network that fits its labels, more parameters hurt on unseen images",
        quote=original.QUOTES["S13d"],
        says="From the first network that fits the true labels to {setting.size.largest} parameters, test accuracy falls or "
        "the test loss rises: from {clean.threshold.final_test_accuracy} and {clean.threshold.final_test_loss} nats to "
        "{clean.largest.final_test_accuracy} and {clean.largest.final_test_loss}.",
        holds=some(
            smaller("clean.largest.final_test_accuracy", than="clean.threshold.final_test_accuracy", paired=True),
            larger("clean.largest.final_test_loss", than="clean.threshold.final_test_loss", paired=True),
        ),
        comments=Comments(
            supported="They do, in accuracy or in loss: the test accuracy goes from {clean.threshold.final_test_accuracy} to "
            "{clean.largest.final_test_accuracy}.",
            refuted="They do not: the test accuracy goes from {clean.threshold.final_test_accuracy} to "
            "{clean.largest.final_test_accuracy}, and the test loss does not rise either.",
            inconclusive="The test accuracy goes from {clean.threshold.final_test_accuracy} to "
            "{clean.largest.final_test_accuracy}; it or the test loss is too uncertain to rule harm out.",
        ),
    ),
    Claim(
        "peak-at-threshold",
        source="Belkin et al. 2019",
        headline="With some labels wrong, the test loss peaks where networks begin to fit them all",
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
            supported="A network that only just learns the mistakes has more loss on new images than its neighbours: "
            "{noisy.threshold.final_test_loss}, where one about twice as large has {noisy.double.final_test_loss}.",
            refuted="There is no such peak: on one side at least the test loss is not clearly lower than the "
            "{noisy.threshold.final_test_loss} at that size.",
            inconclusive="The test loss is {noisy.threshold.final_test_loss} at that size and "
            "{noisy.double.final_test_loss} at about twice the size: on one side at least, the drop is too small to call.",
        ),
    ),
    Claim(
        "descends-again",
        source="Belkin et al. 2019",
        headline="Beyond the peak, the test loss falls below that of every small network",
        says="With {setting.noisy.images.label_noise.percent} label noise, the lowest test loss of all networks too small to "
        "fit the labels is {margin} that of {setting.size.wide} parameters: {noisy.before.final_test_loss} and "
        "{noisy.wide.final_test_loss}.",
        published="beyond the threshold the test error of large networks falls below the best of small ones (as a review "
        "reports it).",
        holds=larger("noisy.before.final_test_loss", than="noisy.wide.final_test_loss", by=TWENTIETH, paired=True),
        comments=Comments(
            supported="The large network reaches {noisy.wide.final_test_loss}, the best small one "
            "{noisy.before.final_test_loss}. Whoever stops at the best small one misses that.",
            refuted="The large network reaches {noisy.wide.final_test_loss}, the best small one "
            "{noisy.before.final_test_loss}: nothing that counts is gained by going on.",
            inconclusive="The large network reaches {noisy.wide.final_test_loss}, the best small one "
            "{noisy.before.final_test_loss}: too close to call.",
        ),
    ),
)
