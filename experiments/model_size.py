"""What do more parameters do to the gap?

The seed report compares ten convolutional networks and concludes two things: that more parameters help small networks and hardly matter to large ones,
and that the gap between training and test grows with them. Its ten structures differ in depth and layout as well as in size. We rebuild networks
with exactly its counts, and beside them turn one knob alone: the width of a single hidden layer, on so few images that the size at which a
network can fit every training label lies inside the range; once with true labels, and once with some of them replaced at random.
"""

from dataclasses import dataclass

import numpy as np

from experiments import original
from lab.data import MNIST
from lab.models import CNN, MLP
from lab.statistics import rank_correlation
from lab.trained import Classification
from lab.training import Recipe, Train, tuned
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_least, equal, every, larger, smaller
from measured.jobs import gather

# Seconds of one worker, measured: 1,600 updates of 64 images take 1 s up to width 64, then 1.3, 1.8, 3.2 and 5.5 s; the judging is in it.
#   sweep            12 widths x 8 seeds x 2 kinds of labels       16 x 20 s             = 320 s
#   its rates        12 widths x 3 rates, 800 updates              3 x 10 s              =  30 s
#   the seed's ten   1.3 ms an image for one of each, trained, 0.5 ms judged:
#                    5 seeds x (19,200 trained + 14,000 judged)    5 x (25 + 7) s        = 160 s
#   their rates      3 x 6,400 trained, 3 x 6,000 judged           3 x (8 + 3) s         =  33 s


@dataclass(frozen=True)
class Settings:
    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 25, 50, 64, 128, 256, 512, 1000)
    """Hidden units of the sweep; 795 parameters for each, and ten more."""
    large_width: int = 128
    """The network that the largest is held against: large, with about an eighth of its parameters."""
    num_train: int = 4000
    """Training images of a run of the sweep, drawn by its seed."""
    label_noise: float = 0.15
    """Share of training labels replaced by a class drawn uniformly, in the second half of the sweep."""
    num_updates: int = 1600
    """Mini-batches of the sweep, while the learning rate goes up and down in one cycle."""
    batch_size: int = 64
    """Images in a mini-batch."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Runs of each width; a seed sets the images, the wrong labels, the initial weights and the order."""
    ten_num_train: int | None = 4000
    """Training images of a run of the seed's ten; not set (None) for all 60,000 less the reserved sixth."""
    ten_num_updates: int = 300
    """Mini-batches of the seed's ten."""
    ten_seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Runs of each of the seed's ten."""
    learning_rates: tuple[float, ...] = (0.002, 0.004, 0.008)
    """Candidate peaks of the cycle, for each network."""
    search_updates: int = 800
    """Mini-batches to choose a learning rate of the sweep, by training loss on noisy labels: fitting is the question here."""
    ten_search_updates: int = 100
    """Mini-batches to choose a learning rate of the seed's ten, by the loss on reserved images."""
    search_seed: int = 100
    """The seed of the search, which is not reported."""
    num_held_out: int | None = None
    """Test images; not set (None) for all 10,000."""


PRESETS = {
    "quick": Settings(
        widths=(1, 2, 4),
        large_width=2,
        num_train=60,
        num_updates=4,
        batch_size=20,
        seeds=(0, 1),
        ten_num_train=40,
        ten_num_updates=2,
        ten_seeds=(0, 1),
        learning_rates=(0.003,),
        search_updates=1,
        ten_search_updates=1,
        num_held_out=50,
    ),
    "standard": Settings(),
    "full": Settings(
        widths=(1, 2, 4, 8, 12, 16, 25, 32, 40, 50, 64, 90, 128, 256, 512, 1000, 2000, 5000),
        num_updates=60_000,
        seeds=tuple(range(20)),
        ten_num_train=None,
        ten_num_updates=15_620,
        ten_seeds=tuple(range(20)),
        learning_rates=(0.0003, 0.001, 0.003, 0.01),
        search_updates=20_000,
        ten_search_updates=1562,
    ),
}

CLASSES = 10
# In the order of the seed report. Where several layouts have its count, one is taken that keeps 5 x 5 filters and small pooling as far as it goes.
TEN = (
    ("1 layer", CNN(original.IMAGE, (6,), (128,), CLASSES), "reconstructed"),
    ("1 layer", CNN(original.IMAGE, (2,), (16,), CLASSES, pool=7), "reconstructed"),
    ("1 layer", CNN(original.IMAGE, (1,), (10,), CLASSES, pool=9), "reconstructed"),
    ("1 layer", CNN(original.IMAGE, (5,), (14,), CLASSES), "reconstructed"),
    ("1 layer", CNN(original.IMAGE, (2,), (16,), CLASSES, kernel_size=3, pool=9), "reconstructed, filters of 3 x 3"),
    ("1 layer", CNN(original.IMAGE, (8,), (64,), CLASSES), "reconstructed"),
    ("2 layers", CNN(original.IMAGE, (26, 16), (64,), CLASSES), "reconstructed"),
    ("1 layer", CNN(original.IMAGE, (12,), (40, 256), CLASSES, pool=7), "stand-in: no natural layout has this count"),
    ("2 layers", CNN(original.IMAGE, (14, 14), (20,), CLASSES, pool=3), "reconstructed"),
    ("2 layers", original.CNN_16_36, "reconstructed"),
)
"""The seed's word for its depth, a network with exactly its number of parameters, and what kind of guess that is."""
FITTED = 0.99
"""A training set counts as interpolated from this training accuracy on."""
LABELS = {"clean": "true labels", "noisy": "some labels wrong"}


def width_network(width: int) -> MLP:
    """One hidden layer: the knob of the sweep."""
    return MLP(28 * 28, (width,), CLASSES)


def sweep_trainings(width: int, label_noise: float, settings: Settings) -> list[Train]:
    """The reported trainings of one width."""
    network = width_network(width)
    recipe = Recipe(settings.learning_rates[0], settings.num_updates, settings.batch_size, schedule="one_cycle")
    trial = MNIST(settings.num_train, settings.search_seed, label_noise=settings.label_noise, num_held_out=1)
    return [
        tuned(
            Train(
                network,
                MNIST(settings.num_train, seed, label_noise=label_noise, num_held_out=settings.num_held_out),
                recipe,
                seed,
            ),
            settings.learning_rates,
            seeds=[settings.search_seed],
            data=trial,
            updates=settings.search_updates,
            by="training loss",
        )
        for seed in settings.seeds
    ]


def ten_images(seed: int, settings: Settings) -> MNIST:
    """What a run of the seed's ten is trained on."""
    return MNIST(settings.ten_num_train, seed, validation="reserved", num_held_out=settings.num_held_out)


def ten_trainings(network: CNN, settings: Settings) -> list[Train]:
    """The reported trainings of one of the seed's ten."""
    trial = MNIST(
        settings.ten_num_train, settings.search_seed, validation="held out", num_held_out=settings.num_held_out or 2000
    )
    recipe = Recipe(settings.learning_rates[0], settings.ten_num_updates, settings.batch_size, schedule="one_cycle")
    return [
        tuned(
            Train(network, ten_images(seed, settings), recipe, seed),
            settings.learning_rates,
            seeds=[settings.search_seed],
            data=trial,
            updates=settings.ten_search_updates,
        )
        for seed in settings.ten_seeds
    ]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    noise = {"clean": 0.0, "noisy": settings.label_noise}
    jobs = {(labels, width): sweep_trainings(width, noise[labels], settings) for labels in LABELS for width in settings.widths}
    ten_jobs = {network.num_parameters: ten_trainings(network, settings) for _, network, _ in TEN}
    searches = {
        "sweep": {width: jobs["clean", width][0].tuned_by for width in settings.widths},
        "ten": {size: items[0].tuned_by for size, items in ten_jobs.items()},
    }
    trained, ten, chosen = gather((jobs, ten_jobs, searches))

    size = {width: width_network(width).num_parameters for width in settings.widths}
    sweeps = {
        labels: {size[width]: trained[labels, width] for width in settings.widths} for labels in LABELS
    } | {"ten": ten}  # fmt: skip
    rule = CLASSES * settings.num_train
    roles = {
        "smallest": size[settings.widths[0]],
        "rule": min(size.values(), key=lambda parameters: abs(parameters - rule)),
        "half_rule": min(size.values(), key=lambda parameters: abs(parameters - rule / 2)),
        "large": size[settings.large_width],
        "largest": size[settings.widths[-1]],
    }
    metrics = {
        "num_train": Metric(settings.num_train),
        "noise": Metric(settings.label_noise, "%"),
        "num_updates": Metric(settings.num_updates),
        "num_widths": Metric(len(settings.widths)),
        "num_classes": Metric(CLASSES),
        "rule": Metric(rule),
        "fitted": Metric(FITTED, "%"),
        "ten_num_train": Metric(ten_images(0, settings).sizes[0]),
        "ten_smallest": Metric(min(ten)),
        "ten_largest": Metric(max(ten)),
    }
    for role, parameters in roles.items():
        metrics[f"params_{role}"] = Metric(parameters)
        for labels in LABELS:
            runs = sweeps[labels][parameters]
            metrics[f"accuracy_{labels}_{role}"] = Metric.over_seeds([item.final_test_accuracy for item in runs], "%")
            metrics[f"loss_{labels}_{role}"] = Metric.over_seeds(
                [item.final_test_loss for item in runs], summary="geometric mean"
            )
    for role in ("smallest", "rule", "largest"):
        runs = sweeps["clean"][roles[role]]
        metrics[f"gap_accuracy_{role}"] = Metric.over_seeds([item.gap_accuracy for item in runs], "points")
        metrics[f"gap_loss_{role}"] = Metric.over_seeds([item.gap_loss for item in runs])
    metrics["fit_rule"] = Metric.over_seeds(
        [item.final_train_accuracy for item in sweeps["clean"][roles["rule"]]], "%", digits=4
    )
    for name, runs in sweeps.items():
        metrics |= _trends(name, runs)
    for labels in LABELS:
        metrics |= _threshold(labels, sweeps[labels])
    return Result(metrics, _figures(sweeps, chosen, metrics, settings))


def _threshold(name: str, runs: dict[int, list[Classification]]) -> dict[str, Metric]:
    """The smallest network that interpolates, one a seed, and the share of seeds that have one in the range."""
    smallest = [
        min((size for size, run in zip(runs, items, strict=True) if run.final_train_accuracy >= FITTED), default=None)
        for items in zip(*runs.values(), strict=True)
    ]
    found = [size for size in smallest if size is not None]
    everywhere = len(found) == len(smallest)
    return {
        f"interpolating_{name}": Metric.share(size is not None for size in smallest),
        f"threshold_{name}": Metric.over_seeds(found, summary="geometric mean")
        if everywhere
        else Metric.not_measured(why="not reached in every run", remedy="more updates, or wider networks"),
    }


def _trends(name: str, runs: dict[int, list[Classification]]) -> dict[str, Metric]:
    """Rank correlations with the number of parameters, one a seed."""
    sizes, by_seed = np.array(list(runs)), list(zip(*runs.values(), strict=True))

    def over_seeds(quantity) -> Metric:
        return Metric.over_seeds([rank_correlation(sizes, [quantity(item) for item in items]) for items in by_seed])

    return {
        f"trend_accuracy_{name}": over_seeds(lambda item: float(item.final_test_accuracy)),
        f"trend_gap_accuracy_{name}": over_seeds(lambda item: float(item.gap_accuracy)),
        f"trend_gap_loss_{name}": over_seeds(lambda item: float(item.gap_loss)),
    }


def _figures(
    sweeps: dict[str, dict[int, list[Classification]]], chosen: dict, metrics: dict[str, Metric], settings: Settings
) -> dict:
    # A loss is positive and drawn on a logarithmic scale.
    over_seeds = {
        "loss": lambda values: Metric.over_seeds(values, summary="geometric mean"),
        "accuracy": lambda values: Metric.over_seeds(values, "%"),
    }

    def scores(name: str) -> dict:
        """Training and test loss and accuracy against the number of parameters."""
        return {
            kind: {
                f"{split} images": {
                    size: over_seeds[kind]([getattr(item, f"final_{part}_{kind}") for item in runs])
                    for size, runs in sweeps[name].items()
                }
                for split, part in (("training", "train"), ("test", "test"))
            }
            for kind in ("loss", "accuracy")
        }  # fmt: skip

    def gaps(kind: str) -> dict:
        names = {"clean": "sweep, true labels", "noisy": "sweep, some labels wrong", "ten": "the seed's ten"}
        return {
            title: {
                size: Metric.over_seeds([getattr(item, f"gap_{kind}") for item in runs], "points" if kind == "accuracy" else "")
                for size, runs in sweeps[name].items()
            }
            for name, title in names.items()
        }

    sizes = charts.Axis("parameters", log=True)
    axes: dict = {"x": sizes, "y": {"loss": charts.Axis("cross-entropy (nats)", log=True), "accuracy": "accuracy (%)"}}

    def marks(labels: str) -> dict[str, float]:
        found = {f"{CLASSES} classes × {settings.num_train:,} images": metrics["rule"].value}
        if metrics[f"threshold_{labels}"].is_measured:
            found[f"{100 * FITTED:.0f} % of labels fitted"] = metrics[f"threshold_{labels}"].value
        return found

    seeds = f"means (of losses geometric) over {len(settings.seeds)} seeds with 95 % t intervals, float32, evaluation mode"
    tested = f"{MNIST(num_held_out=settings.num_held_out).sizes[1]:,} test images"
    about = (
        f"One hidden layer of {settings.widths[0]} to {settings.widths[-1]:,} units, {settings.num_train:,} training images a run; {seeds}, on all images trained on and "
        f"{tested} with their true labels."
    )
    return {
        "sweep_clean": charts.trend(
            scores("clean"), **axes, marks=marks("clean"), caption=f"True labels. {about}",
            alt="Loss and accuracy of training and test images against parameters, with true labels.",
        ),
        "sweep_noisy": charts.trend(
            scores("noisy"), **axes, marks=marks("noisy"),
            caption=f"With {100 * settings.label_noise:.0f} % of the training labels replaced by a class drawn at random, and fitted like the others. {about}",
            alt="Loss and accuracy of training and test images against parameters, with label noise.",
        ),
        "gap": charts.trend(
            {"accuracy": gaps("accuracy"), "loss": gaps("loss")},
            y={"accuracy": "training − test accuracy (points)", "loss": "test − training loss (nats)"}, x=sizes,
            caption=f"The gap by itself; positive is worse. Means with 95 % t intervals over {len(settings.seeds)} seeds for the sweep, {len(settings.ten_seeds)} for the "
                    "seed's ten; float32.",
            alt="Gap of accuracy and of loss against parameters for the sweep with true and with noisy labels, and for the seed's ten networks.",
        ),
        "ten": charts.trend(
            scores("ten"), **axes,
            caption=f"The seed's figure, with its ten counts on a logarithmic axis: {ten_images(0, settings).sizes[0]:,} training images a run, {settings.ten_num_updates:,} updates; means (of losses geometric) over "
                    f"{len(settings.ten_seeds)} seeds with 95 % t intervals, float32, on all images trained on and {tested}.",
            alt="Loss and accuracy of training and test images against the parameters of ten convolutional networks.",
        ),
        "networks": charts.table(
            ("number", "the seed calls it", "parameters", "our network", "pooling", "kind", "learning rate"),
            [
                (number, label, network.num_parameters, str(network), f"{network.pool} × {network.pool}", kind,
                 f"{chosen['ten'][network.num_parameters].learning_rate:g}")
                for number, (label, network, kind) in enumerate(TEN, start=1)
            ],
            caption="The seed's ten counts, met exactly by networks of ours: it gives the counts and no layouts. Pooling follows each convolution.",
        ),
        "rates": charts.table(
            ("hidden units", "parameters", "learning rate", *(f"training loss at {rate:g}" for rate in settings.learning_rates)),
            [
                (width, width_network(width).num_parameters, f"{chosen['sweep'][width].learning_rate:g}", *map(float, chosen["sweep"][width].losses))
                for width in settings.widths
            ],
            caption=f"How the learning rates of the sweep were chosen: training loss on noisy labels after {settings.search_updates:,} updates, on another draw of images and another seed.",
        ),
    }  # fmt: skip


FITTED_WHY = "one label in a hundred is left for images that are hard to tell apart"
GLANCE = 0.10
GLANCE_WHY = "ten points of accuracy are seen at a glance on the axis from 0 to 100 %"
POINT = 0.01
POINT_WHY = "a change of one point in accuracy over eight times the parameters cannot be seen on the axis from 0 to 100 %"
TREND = 0.5
TREND_WHY = "a rank correlation weaker than one half is no trend that an eye sees in a whole picture"

CLAIMS = (
    Claim(
        "S12a",
        source="seed 3.2",
        headline="Small networks gain from parameters",
        quote=original.QUOTES["S12a"],
        says="From {params_smallest} to {params_rule} parameters, test accuracy rises by more than ten points: from {accuracy_clean_smallest} to {accuracy_clean_rule}.",
        comments=Comments(
            supported="Up to the size that the classes-times-images rule names, parameters help by far more than can be overlooked.",
            refuted="Even the smallest networks gain less than that here, so the comment has nothing to begin with.",
            inconclusive="Small networks may gain that much; these seeds leave it open.",
        ),
        holds=larger("accuracy_clean_rule", than="accuracy_clean_smallest", by=GLANCE, why=GLANCE_WHY, paired=True),
    ),
    Claim(
        "S12b",
        source="seed 3.2",
        headline="Large networks hardly gain from parameters",
        quote=original.QUOTES["S12b"],
        says="From {params_large} to {params_largest} parameters, test accuracy changes by no more than one point: from {accuracy_clean_large} to {accuracy_clean_largest}.",
        comments=Comments(
            supported="Within a point, eight times the parameters change nothing: at this size the count no longer matters much.",
            refuted="Large networks still change by more than a point over eight times the parameters.",
            inconclusive="Whether the change stays within one point is open over these seeds.",
        ),
        holds=equal("accuracy_clean_largest", to="accuracy_clean_large", within=POINT, why=POINT_WHY, paired=True),
    ),
    Claim(
        "S12c",
        source="seed 3.2",
        headline="In the seed's ten networks, test accuracy goes with parameters",
        quote=original.QUOTES["S12a"],
        says="Over networks with the seed's ten counts, {ten_smallest} to {ten_largest}, test accuracy rises with the number of parameters: rank correlation {trend_accuracy_ten}.",
        comments=Comments(
            supported="The seed's ordering comes back with its own counts, though depth and pooling change along with them.",
            refuted="With the seed's own counts the ordering does not come back: depth and pooling, which change too, matter as well.",
            inconclusive="With the seed's own counts the ordering is not clear over these seeds.",
        ),
        holds=at_least("trend_accuracy_ten", TREND, why=TREND_WHY, furthest=1.0),
    ),
    Claim(
        "S12d",
        source="seed 3.2",
        headline="A network that is large enough finds good weights easily",
        quote=original.QUOTES["S12d"],
        says="With {params_rule} parameters, about as many as classes times images, the network fits at least 99 % of its training labels: {fit_rule}.",
        comments=Comments(
            supported="As far as fitting goes it is easy: at that size plain training fits nearly every label.",
            refuted="Not by this training: even a network of that size leaves training labels unfitted.",
            inconclusive="It comes close to fitting them all; these seeds do not settle it.",
        ),
        holds=at_least("fit_rule", FITTED, why=FITTED_WHY, origin=1.0),
    ),
    Claim(
        "S13a",
        source="seed 3.2",
        headline="The gap of accuracy grows with parameters",
        quote=original.QUOTES["S13a"],
        says="Over the widths, the gap between training and test accuracy grows with the number of parameters: rank correlation {trend_gap_accuracy_clean}.",
        comments=Comments(
            supported="Over the whole range the gap of accuracy widens in step with the count.",
            refuted="Over the whole range the gap does not grow in step with the count.",
            inconclusive="Over the whole range no clear trend either way.",
        ),
        holds=at_least("trend_gap_accuracy_clean", TREND, why=TREND_WHY, furthest=1.0),
    ),
    Claim(
        "S13b",
        source="seed 3.2",
        headline="The gap of loss grows with parameters",
        quote=original.QUOTES["S13a"],
        says="Over the widths, the gap between test and training loss grows with the number of parameters: rank correlation {trend_gap_loss_clean}.",
        comments=Comments(
            supported="Over the whole range the gap of the loss widens in step with the count, whatever the accuracy does.",
            refuted="Over the whole range the gap of the loss does not widen in step with the count.",
            inconclusive="For the loss no clear trend either way over these seeds.",
        ),
        holds=at_least("trend_gap_loss_clean", TREND, why=TREND_WHY, furthest=1.0),
    ),
    Claim(
        "S13c",
        source="seed 3.2",
        headline="The gap of accuracy grows over the seed's ten networks",
        quote=original.QUOTES["S13a"],
        says="Over networks with the seed's ten counts, the gap between training and test accuracy grows with the number of parameters: rank correlation "
        "{trend_gap_accuracy_ten}.",
        comments=Comments(
            supported="Among networks with its ten counts the seed saw what is there. A sweep of one knob, to sizes beyond its largest, shows the rest.",
            refuted="Among networks with its ten counts the gap does not grow with the count.",
            inconclusive="Among networks with its ten counts these seeds do not decide.",
        ),
        holds=at_least("trend_gap_accuracy_ten", TREND, why=TREND_WHY, furthest=1.0),
    ),
    Claim(
        "S13d",
        source="seed 3.2",
        headline="More parameters overfit, to the harm of unseen images",
        quote=original.QUOTES["S13d"],
        says="From {params_rule} to {params_largest} parameters test accuracy falls: from {accuracy_clean_rule} to {accuracy_clean_largest}.",
        comments=Comments(
            supported="Beyond the size that the rule names, more parameters do harm on unseen images.",
            refuted="A gap is no harm: beyond the size that the rule names, more parameters do not lower the accuracy on unseen images.",
            inconclusive="Whether more parameters harm unseen images beyond that size is open over these seeds.",
        ),
        holds=smaller("accuracy_clean_largest", than="accuracy_clean_rule", paired=True),
    ),
    Claim(
        "peak-at-threshold",
        source="Belkin et al. 2019",
        headline="With noisy labels, the test loss peaks near classes times images parameters",
        says="With {noise} label noise, the test loss at {params_rule} parameters, about as many as classes times images, lies above that at {params_half_rule} and above that of the "
        "largest network: {loss_noisy_rule}, {loss_noisy_half_rule} and {loss_noisy_largest}.",
        published="the threshold of interpolation at about classes times images parameters (as a review reports it).",
        holds=every(
            larger("loss_noisy_rule", than="loss_noisy_half_rule", paired=True),
            larger("loss_noisy_rule", than="loss_noisy_largest", paired=True),
        ),
    ),
)
