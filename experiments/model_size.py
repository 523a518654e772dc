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
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, scores, where_reached
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

    num_updates: int
    """Mini-batches of one training, while the learning rate goes up and down in one cycle."""
    search_updates: int
    """Mini-batches of the trainings that choose a learning rate for each network."""
    seeds: Seeds
    """Runs of each network; a seed sets the images, the wrong labels, the initial weights and the order."""
    num_train: int = 4000
    """Training images of one run."""


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
    label_noise: float = 0.15
    """Share of the training labels that are replaced by a class drawn uniformly, in the second half of the sweep."""
    sweep: Study = Study(1600, 800, Seeds(8))
    """The sweep of widths. Learning rates are chosen by the training loss on noisy labels, as fitting is the question there."""
    ten: Study = Study(300, 100, Seeds(5))
    """The original's ten. Learning rates are chosen by the loss on reserved images."""
    batch_size: int = 64
    """Images in a mini-batch."""
    learning_rates: tuple[float, ...] = (0.002, 0.004, 0.008)
    """Candidates for the peak of the cycle."""
    search_seed: int = 100
    """Seed on which learning rates are chosen, which is not reported."""
    num_held_out: int | None = None
    """Test images; not set (None) for all 10,000."""

    @property
    def rule(self) -> int:
        """Parameters from which a network is said to fit any labels: as many as there are images times classes."""
        return self.sweep.num_train * MNIST.num_classes

    @property
    def size(self) -> Sizes:
        """Parameters of the networks that claims compare."""
        sizes = [one_layer(width).num_parameters for width in self.widths]
        near_half, near = (min(sizes, key=lambda size: abs(size - goal)) for goal in (self.rule / 2, self.rule))
        return Sizes(sizes[0], near_half, near, one_layer(self.large_width).num_parameters, sizes[-1])


QUICK = Study(num_updates=4, search_updates=1, seeds=Seeds(2), num_train=60)
PRESETS = {
    "quick": Settings((1, 2, 4), 2, sweep=QUICK, ten=QUICK, batch_size=20, learning_rates=(0.003,), num_held_out=50),
    "standard": Settings(),
    "full": Settings(
        widths=(1, 2, 4, 8, 12, 16, 25, 32, 40, 50, 64, 90, 128, 256, 512, 1000, 2000, 5000),
        sweep=Study(60_000, 20_000, Seeds(20)),
        ten=Study(15_620, 1562, Seeds(20), num_train=MNIST(validation="reserved").sizes[0]),
        learning_rates=(0.0003, 0.001, 0.003, 0.01),
    ),
}
LABELS = {
    "clean": "True labels.",
    "noisy": "{setting.label_noise.percent} of the training labels are replaced at random, and fitted like the others.",
}


def one_layer(width: int) -> MLP:
    """One hidden layer of that many units."""
    return MLP(28 * 28, (width,), MNIST.num_classes)


def trainings(
    network: CNN | MLP,
    images: MNIST,
    trial: MNIST,
    by: Literal["held-out loss", "training loss"],
    study: Study,
    settings: Settings,
) -> list[Train[Classification]]:
    """A run per seed on as many ``images``, at the learning rate that did best on the draw of ``trial`` of another seed."""
    recipe = Recipe(settings.learning_rates[0], study.num_updates, settings.batch_size, schedule="one_cycle")
    runs = [Train(network, replace(images, seed=seed), recipe, seed) for seed in study.seeds]
    trial, seeds, updates = replace(trial, seed=settings.search_seed), [settings.search_seed], study.search_updates
    return [tuned(run, settings.learning_rates, seeds=seeds, data=trial, updates=updates, by=by) for run in runs]


def sweep_trainings(width: int, label_noise: float, settings: Settings) -> list[Train[Classification]]:
    """The reported runs of one width, which is tuned on noisy labels whatever its own are."""
    study, images = settings.sweep, MNIST(settings.sweep.num_train, label_noise=label_noise, num_held_out=settings.num_held_out)
    trial = replace(images, label_noise=settings.label_noise, num_held_out=1)
    return trainings(one_layer(width), images, trial, "training loss", study, settings)


def ten_trainings(network: CNN, settings: Settings) -> list[Train[Classification]]:
    """The reported runs of one of the original's ten, which is tuned on images that no run trains on."""
    study, num_test = settings.ten, settings.num_held_out
    images = MNIST(study.num_train, validation="reserved", num_held_out=num_test)
    trial = replace(images, validation="held out", num_held_out=num_test or 2000)
    return trainings(network, images, trial, "held-out loss", study, settings)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    widths = {one_layer(width).num_parameters: width for width in settings.widths}
    jobs = {
        "clean": {size: sweep_trainings(width, 0.0, settings) for size, width in widths.items()},
        "noisy": {size: sweep_trainings(width, settings.label_noise, settings) for size, width in widths.items()},
        "ten": {network.num_parameters: ten_trainings(network, settings) for _, network, _ in original.TEN},
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
    return Result(metrics, figures | charts.drawn(networks, chosen["ten"]) | charts.drawn(rates, widths, chosen["clean"]))


def at_sizes(runs: Sweep[Classification], size: Sizes) -> dict[str, dict[str, Metric]]:
    """Scores of the networks that claims compare."""
    quantities = (TRAIN_ACCURACY, TEST_ACCURACY, TEST_LOSS, GAP_ACCURACY, GAP_LOSS)
    return {name: {item.name: item.over(runs[at]) for item in quantities} for name, at in asdict(size).items()}


def smallest_that_fits(runs: Sweep[Classification]) -> dict[str, Metric]:
    """Parameters of the smallest network that fits its training labels, of each seed."""
    of_seeds = [dict(zip(runs.values, found, strict=True)) for found in zip(*runs.runs.values(), strict=True)]
    fitting = [[size for size, one in found.items() if TRAIN_ACCURACY.of(one) >= FITTED.value] for found in of_seeds]
    return where_reached([min(sizes, default=None) for sizes in fitting], "", remedy="more updates, or wider networks")


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def sweep(runs: Sweep[Classification], fitted: Metric, settings: Settings, labels: str) -> charts.Figure:
    """{labels} One hidden layer of {setting.widths.first} to {setting.widths.last} units, {setting.sweep.num_train} training
    images of each run's own; scored in evaluation mode on all images trained on and on test images with their true labels."""
    marks = {f"{MNIST.num_classes} classes × {settings.sweep.num_train:,} images": float(settings.rule)}
    if fitted.is_measured:
        marks[f"{100 * FITTED.value:g} % of labels fitted"] = fitted.value
    return scores(runs, marks=marks)


def gap(sweeps: dict[str, Sweep[Classification]]) -> charts.Figure:
    """The gap by itself; positive is worse."""
    lines = {"one layer, true labels": "clean", "one layer, some labels wrong": "noisy", "the original's ten": "ten"}
    alt = "Gap of accuracy, left, and of loss, right, against parameters, for three sets of networks and labels."
    return charts.sweeps({line: sweeps[name] for line, name in lines.items()}, (GAP_ACCURACY, GAP_LOSS), alt=alt)


def ten(runs: Sweep[Classification]) -> charts.Figure:
    """The original's figure, with its ten numbers of parameters on a logarithmic axis: {setting.ten.num_train} training images
    per run, {setting.ten.num_updates} updates; scored in evaluation mode on all images trained on and on test images."""
    return scores(runs)


def networks(chosen: dict[int, ChosenLearningRate]) -> charts.Figure:
    """The original gives ten numbers of parameters and no layouts. These networks of ours have its numbers exactly; pooling
    follows each convolution."""
    rows = []
    for number, (word, network, kind) in enumerate(original.TEN, start=1):
        size, pooling = network.num_parameters, f"{network.pool} × {network.pool}"
        rows.append((number, word, size, str(network), pooling, kind, f"{chosen[size].learning_rate:g}"))
    columns = ("number", "the original calls it", "parameters", "our network", "pooling", "kind", "learning rate")
    return charts.table(columns, rows)


def rates(widths: dict[int, int], chosen: dict[int, ChosenLearningRate]) -> charts.Figure:
    """How the learning rates of the sweep were chosen: training loss on noisy labels after {setting.sweep.search_updates}
    updates, on another draw of images and another seed."""
    losses = [f"training loss at {rate:g}" for rate in next(iter(chosen.values())).candidates]
    rows = [(width, size, f"{(at := chosen[size]).learning_rate:g}", *at.losses.tolist()) for size, width in widths.items()]
    return charts.table(("hidden units", "parameters", "learning rate", *losses), rows)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TEN_POINTS = Margin(0.10, "ten points of accuracy are seen at a glance on the axis from 0 to 100 %")
ONE_POINT = Margin(0.01, "one point, over eight times the parameters, cannot be seen on the axis from 0 to 100 %")


def grows(claim: str, quote: str, sweep: str, quantity: Quantity) -> Claim:
    """That a quantity grows with the number of parameters over the networks of a sweep."""
    trend, what = f"{sweep}.trend.{quantity.name}", f"the {quantity.title}"
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
            refuted="Even the smallest networks gain less than that here, so the original's comment has nothing to begin with.",
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
        says="With {setting.size.near_rule} parameters, about as many as classes times images, the network fits {margin} of its training "
        "labels: {clean.near_rule.final_train_accuracy}.",
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
            refuted="A gap is no harm: beyond that size, more parameters take nothing away on images never seen.",
            inconclusive="Whether more parameters harm unseen images beyond that size is open over these seeds.",
        ),
    ),
    Claim(
        "peak-at-threshold",
        source="Belkin et al. 2019",
        headline="With noisy labels, the test loss peaks near classes times images parameters",
        says="With {setting.label_noise.percent} label noise, the test loss at {setting.size.near_rule} parameters, about as many "
        "as classes times images, lies above that at {setting.size.near_half_rule} and above that of the largest network: "
        "{noisy.near_rule.final_test_loss}, {noisy.near_half_rule.final_test_loss} and {noisy.largest.final_test_loss}.",
        published="the threshold of interpolation at about classes times images parameters (as a review reports it).",
        holds=every(
            larger("noisy.near_rule.final_test_loss", than="noisy.near_half_rule.final_test_loss", paired=True),
            larger("noisy.near_rule.final_test_loss", than="noisy.largest.final_test_loss", paired=True),
        ),
        comments=Comments(
            supported="Near that size a network does most harm; larger ones fit the mistakes as well and do less harm elsewhere.",
            refuted="After this training the peak is not where the rule puts it; a longer one, as at full, may bring it out.",
            inconclusive="Whether there is such a peak, these seeds and this length of training do not decide.",
        ),
    ),
)
