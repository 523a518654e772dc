"""Does depth help on a real task?

The seed report's three convolutional networks on MNIST differ in size as well as in depth, so they cannot tell one from the other. Beside
them we train a trio with one, two and three convolutions and nearly the same number of parameters, and another trio on a second, smaller
task. Every network gets the same number of updates and a learning rate of its own, chosen on images that neither train nor judge it.
"""

from dataclasses import dataclass

from experiments import original
from lab.data import MNIST, Digits
from lab.models import CNN, MLP
from lab.trained import Classification
from lab.training import HISTORY_EXAMPLES, Recipe, Train, Weights, tuned
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, at_least, different, every, larger, some
from measured.jobs import gather

# Seconds of one worker with another beside it, measured; images a second trained and judged: one convolution 8,000 and 16,000,
# two 2,300 and 6,000, three 1,150 and 3,300, 16/64 1,500 and 4,000, 16/16/16 4,000 and 10,000.
#   trio, 5 seeds      23,040 trained      5 x (2.9 + 10 + 20) s              = 165 s
#                      33,040 judged       5 x (2.1 + 5.5 + 10) s             =  88 s
#   16/64 and 16/16/16 2 and 5 seeds       2 x (15.4 + 8.3) + 5 x (5.8 + 3.3) =  93 s
#   histories          2 x 7,000 judged    5 x (0.9 + 2.3 + 4.2 + 1.2) + 7 s  =  50 s
#   learning rates     3 x 5,120 trained, 2,000 judged, 3 x 14 s              =  42 s
#   digits             3 networks x 11 runs of 120 small batches              =  33 s
# A pass over all 50,000 images in place of 23,040 would cost 300 s more, which two cores do not have in seven minutes.


@dataclass(frozen=True)
class Settings:
    num_train: int | None = 23_040
    """Images of a run, drawn by its seed from all of MNIST but the last sixth, on which learning rates are chosen; not set (None) for all of these 50,000."""
    num_updates: int = 360
    """Mini-batches: one pass over the run's images, while the learning rate goes up and down in one cycle."""
    batch_size: int = 64
    """Images in a mini-batch."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Runs of each network of the matched trio, which contains the seed's 16/36."""
    seeds_16_64: tuple[int, ...] = (0, 1)
    """Runs of the seed's 16/64, the costliest network."""
    seeds_16_16_16: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Runs of the seed's 16/16/16."""
    learning_rates: tuple[float, ...] = (0.004, 0.008, 0.016)
    """Candidate peaks of the cycle, for each network."""
    search_images: int = 5120
    """Images trained on to choose the learning rate, which is judged on the reserved sixth."""
    search_held_out: int = 2000
    """Reserved images that judge the candidates."""
    num_held_out: int | None = None
    """Test images used; not set (None) for all 10,000."""
    search_updates: int = 80
    """Mini-batches in the search, of the same size."""
    search_seed: int = 100
    """The seed of the search, which is not reported."""
    digits_updates: int = 120
    """Mini-batches of 64 on the second task."""
    digits_seeds: tuple[int, ...] = tuple(range(8))
    """Runs on the second task."""


PRESETS = {
    "quick": Settings(
        num_train=200,
        num_held_out=200,
        search_held_out=100,
        num_updates=3,
        batch_size=50,
        seeds=(0, 1),
        seeds_16_64=(0, 1),
        seeds_16_16_16=(0, 1),
        learning_rates=(0.003,),
        search_images=50,
        search_updates=1,
        digits_updates=3,
        digits_seeds=(0, 1),
    ),
    "standard": Settings(),
    "full": Settings(
        num_train=None,
        num_updates=9380,
        seeds=tuple(range(10)),
        seeds_16_64=tuple(range(10)),
        seeds_16_16_16=tuple(range(10)),
        learning_rates=(0.001, 0.002, 0.004, 0.008, 0.016, 0.032),
        search_images=50_000,
        search_held_out=10_000,
        search_updates=1562,
        digits_updates=1000,
        digits_seeds=tuple(range(20)),
    ),
}

POOL = MNIST(validation="reserved").sizes[0]
"""MNIST's training images without the last sixth."""
NETWORKS = {
    "one": CNN(original.IMAGE, (9,), (136,), 10),
    "two": original.CNN_16_36,
    "three": CNN(original.IMAGE, (16, 36, 110), (128,), 10),
    "seed_16_64": original.CNN_16_64,
    "seed_16_16_16": original.CNN_16_16_16,
}
LINEAR = MLP(28 * 28, (), 10)
"""The baseline that "very good" is held against: logistic regression on pixels."""
TRIO = ("one", "two", "three")
OF_THE_SEED = ("two", "seed_16_64", "seed_16_16_16")
DIGITS = {  # 8 x 8 pixels: the same filters, and hidden units that bring all three to the same size
    "one": CNN((1, 8, 8), (9,), (237,), 10),
    "two": CNN((1, 8, 8), (16, 36), (143,), 10),
    "three": CNN((1, 8, 8), (16, 26, 34), (89,), 10),
}


def title(network: CNN | MLP) -> str:
    """A network as the page names it."""
    return f"{network} ({network.num_parameters:,})"


def trainings(network: CNN | MLP, seeds: tuple[int, ...], settings: Settings) -> list[Train]:
    """The reported trainings of one network on MNIST."""
    recipe = Recipe(settings.learning_rates[0], settings.num_updates, settings.batch_size, schedule="one_cycle")
    trial = MNIST(settings.search_images, validation="held out", num_held_out=settings.search_held_out)
    record_at = tuple(sorted({round(share * settings.num_updates) for share in (0.1, 0.4)}))
    images = [MNIST(settings.num_train, seed, validation="reserved", num_held_out=settings.num_held_out) for seed in seeds]
    return [
        tuned(
            Train(network, data, recipe, seed, record_at=record_at),
            settings.learning_rates,
            seeds=[settings.search_seed],
            data=trial,
            updates=settings.search_updates,
        )
        for seed, data in zip(seeds, images, strict=True)
    ]


def digits_trainings(network: CNN, settings: Settings) -> list[Train]:
    """The reported trainings of one network on the second task."""
    recipe = Recipe(settings.learning_rates[0], settings.digits_updates, 64, schedule="one_cycle")
    runs = [Train(network, Digits(validation="reserved"), recipe, seed) for seed in settings.digits_seeds]
    trial = Digits(validation="held out")
    return [tuned(run, settings.learning_rates, seeds=[settings.search_seed], data=trial) for run in runs]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    seeds = {
        **dict.fromkeys(TRIO, settings.seeds),
        "seed_16_64": settings.seeds_16_64,
        "seed_16_16_16": settings.seeds_16_16_16,
    }
    jobs = {name: trainings(network, seeds[name], settings) for name, network in NETWORKS.items()}
    baseline_jobs = trainings(LINEAR, settings.seeds, settings)
    digits_jobs = {name: digits_trainings(network, settings) for name, network in DIGITS.items()}
    searches = {name: items[0].tuned_by for name, items in jobs.items()}
    start = jobs["two"][0].start
    trained, baseline, digits, chosen, start = gather((jobs, baseline_jobs, digits_jobs, searches, start))

    num_test = MNIST(num_held_out=settings.num_held_out).sizes[1]
    metrics = _scores("linear", baseline)
    for name, network in NETWORKS.items():
        metrics[f"params_{name}"] = Metric(network.num_parameters)
        metrics[f"mflop_{name}"] = Metric(network.num_flops / 1e6)
        metrics |= _scores(name, trained[name])
        # The worst run alone, over the test images: what can be said with few seeds.
        num_right = round(min(metrics[f"accuracy_{name}"].values) * num_test)
        metrics[f"worst_{name}"] = Metric.of_count(num_right, num_test, of="test images", digits=4)
    for name in DIGITS:
        metrics |= _scores(f"digits_{name}", digits[name])
    metrics |= {
        "flop_ratio": Metric(NETWORKS["three"].num_flops / NETWORKS["one"].num_flops),
        "very_good": Metric(VERY_GOOD, "%"),
        "num_updates": Metric(settings.num_updates),
        "num_hidden": Metric(NETWORKS["two"].hidden[0]),
        "batch_size": Metric(settings.batch_size),
        "num_train": Metric(settings.num_train or POOL),
        "pool": Metric(POOL),
        "seen": Metric(1 - (1 - settings.num_train / POOL) ** len(settings.seeds) if settings.num_train else 1.0, "%"),
        "size_ratio": Metric(NETWORKS["seed_16_64"].num_parameters / NETWORKS["seed_16_16_16"].num_parameters),
    }
    return Result(metrics, _figures(trained, chosen, start, metrics, settings))


def _scores(name: str, runs: list[Classification]) -> dict[str, Metric]:
    def final(what: str) -> list[float]:
        return [float(getattr(item, f"final_{what}")) for item in runs]

    return {
        f"accuracy_{name}": Metric.over_seeds(final("test_accuracy"), "%", digits=4),
        f"train_accuracy_{name}": Metric.over_seeds(final("train_accuracy"), "%", digits=4),
        f"loss_{name}": Metric.over_seeds(final("test_loss")),
        f"train_loss_{name}": Metric.over_seeds(final("train_loss")),
    }


def _figures(trained: dict, chosen: dict, start: Weights, metrics: dict, settings: Settings) -> dict:
    def over_updates(kind: str, scale: float = 1) -> dict:
        """Histories on the fixed sample, ended by the final numbers on everything."""
        return {
            panel: {
                title(NETWORKS[name]): charts.Series(
                    [*runs[0].steps, settings.num_updates],
                    [
                        [*(scale * getattr(item, f"{split}_{kind}")), scale * float(getattr(item, f"final_{split}_{kind}"))]
                        for item in runs
                    ],
                )
                for name, runs in trained.items()
            }
            for panel, split in (("training images", "train"), ("test images", "test"))
        }

    caption = (
        f"Median and the middle 80 % over {len(settings.seeds)} seeds (16/64: {len(settings.seeds_16_64)}, 16/16/16: "
        f"{len(settings.seeds_16_16_16)}); float32, evaluation mode. The last point is measured on everything trained on and on "
        f"{MNIST(num_held_out=settings.num_held_out).sizes[1]:,} test images, the ones before on up to {HISTORY_EXAMPLES[0]:,} of a run's training images and "
        f"the first {HISTORY_EXAMPLES[1]:,} of these test images."
    )
    snapshots = {"before": start.weights, "after": trained["two"][0].weights}
    first_filters = {
        f"{when} training": [picture[0] for picture in NETWORKS["two"].named_weights(weights)["0.weight"]]
        for when, weights in snapshots.items()
    }
    second_filters = {
        f"input channel {channel}, {when}": [picture[channel] for picture in NETWORKS["two"].named_weights(weights)["3.weight"]]
        for channel in (0, 1)
        for when, weights in snapshots.items()
    }
    return {
        "networks": charts.table(
            ("network", "used as", "convolutions", "parameters", "MFLOP an image, forward", "learning rate"),
            [
                (str(network), _role(name), network.depth, network.num_parameters, metrics[f"mflop_{name}"], f"{chosen[name].learning_rate:g}")
                for name, network in NETWORKS.items()
            ],
            caption="The networks. A multiply-add counts as two operations. The learning rate is the peak of the cycle with the lowest "
                    "loss on the reserved images.",
        ),
        "layers": charts.table(
            ("network", "layer", "output", "parameters"),
            [
                (str(network), layer.description, " × ".join(map(str, layer.output_shape)), layer.num_parameters)
                for network in NETWORKS.values() for layer in network.layers
            ],
            caption="All layers: same padding, ReLU after each but the last of a network, pooling rounds down.",
        ),
        "loss": charts.curves(
            over_updates("loss"), x=charts.Axis("updates", log=True), y=charts.Axis("cross-entropy (nats)", log=True),
            caption=f"Training and test loss of all models. {caption}",
            alt="Cross-entropy against updates on logarithmic scales for five networks, training images left, test images right.",
        ),
        "accuracy": charts.curves(
            over_updates("accuracy", 100), x=charts.Axis("updates", log=True), y="accuracy (%)",
            caption=f"Training and test accuracy of all models. {caption}",
            alt="Accuracy against updates for five networks, training images left, test images right.",
        ),
        "cost": charts.dots(
            {
                "by parameters": {title(network): (network.num_parameters, metrics[f"accuracy_{name}"]) for name, network in NETWORKS.items()},
                "by arithmetic": {title(network): (network.num_flops / 1e6, metrics[f"accuracy_{name}"]) for name, network in NETWORKS.items()},
            },
            x={"by parameters": charts.Axis("parameters", log=True), "by arithmetic": charts.Axis("MFLOP an image, forward", log=True)}, y="test accuracy (%)",
            caption="What parameters and arithmetic buy: mean test accuracy with its 95 % t interval, one faint dot a seed.",
            alt="Test accuracy of five networks against their parameters and against the operations for one image.",
        ),
        "scores": charts.table(
            ("network", "test accuracy", "training accuracy", "test loss", "training loss"),
            [
                (title(network), *(metrics[f"{kind}_{name}"] for kind in ("accuracy", "train_accuracy", "loss", "train_loss")))
                for name, network in NETWORKS.items()
            ],
            caption=f"Final numbers on all images trained on and {MNIST(num_held_out=settings.num_held_out).sizes[1]:,} test images: means over seeds with 95 % t intervals.",
        ),
        "digits": charts.table(
            ("network", "test accuracy", "training accuracy", "test loss", "training loss"),
            [
                (title(network), *(metrics[f"{kind}_digits_{name}"] for kind in ("accuracy", "train_accuracy", "loss", "train_loss")))
                for name, network in DIGITS.items()
            ],
            caption=f"The second task: 1,797 digits of 8 x 8 pixels, a fifth of them held out, {len(settings.digits_seeds)} seeds, three "
                    "networks of matched size.",
        ),
        "filters": charts.images(
            first_filters, columns=8,
            caption=f"The 16 filters of the first layer of 16/36, seed {settings.seeds[0]}. Blue is negative, orange positive, one scale for all.",
            alt="Sixteen pictures of 5 by 5 weights before training and after it.",
        ),
        "second_filters": charts.images(
            second_filters, columns=9,
            caption=f"The 36 filters of the second layer of 16/36 for input channels 0 and 1, seed {settings.seeds[0]}, one scale for all.",
            alt="Thirty-six 5 by 5 filters for each of two input channels, before and after training.",
        ),
        "search": charts.table(
            ("network", *(f"peak {rate}" for rate in settings.learning_rates)),
            [(title(network), *map(float, chosen[name].losses)) for name, network in NETWORKS.items()],
            caption="How the learning rates were chosen: loss on the reserved images after a short training.",
        ),
    }  # fmt: skip


def _role(name: str) -> str:
    roles = [role for role, names in (("matched trio", TRIO), ("the seed's", OF_THE_SEED)) if name in names]
    return ", ".join(roles)


VERY_GOOD = 0.975
VERY_GOOD_WHY = "one error in forty still counts as reading digits very well; what a linear classifier of the pixels makes is measured on the page"
TEN_IMAGES = 0.001
TEN_IMAGES_WHY = "a tenth of a point is ten of the 10,000 test images, about the sampling error of one accuracy"
DIGITS_MARGIN = 0.005
DIGITS_WHY = "half a point is about two of the 359 test images"


CLAIMS = (
    Claim(
        "S3",
        source="seed 1.2",
        headline="All three of the seed's networks do very well on MNIST",
        quote=original.QUOTES["S3"],
        says="The worst run of each of the seed's three networks still reads at least {very_good} of unseen digits: {worst_two} (16/36), "
        "{worst_seed_16_64} (16/64) and {worst_seed_16_16_16} (16/16/16) of the test images.",
        holds=every(*(at_least(f"worst_{name}", VERY_GOOD, why=VERY_GOOD_WHY, origin=1.0) for name in OF_THE_SEED)),
        comments=Comments(
            supported="Right, and on unseen digits, where the seed showed training accuracy alone; for scale, logistic regression reads {accuracy_linear.short} of them.",
            refuted="Not with this training: the worst run of at least one network misses {very_good} of unseen digits; the seed showed training accuracy alone.",
            inconclusive="The seed's \"very high\" names no mark; ours is {very_good} of unseen digits, and at least one network's worst run is too near it to say.",
        ),
    ),
    Claim(
        "S4",
        source="seed 1.2",
        headline="Different architectures perform differently",
        quote=original.QUOTES["S4"],
        says="At least two of the seed's three networks differ by more than a tenth of a point: {accuracy_two} (16/36), "
        "{accuracy_seed_16_64} (16/64), {accuracy_seed_16_16_16} (16/16/16).",
        holds=some(
            different("accuracy_two", to="accuracy_seed_16_64", by=TEN_IMAGES, why=TEN_IMAGES_WHY),
            # Seeds share their images, so that networks with the same seeds are compared in pairs.
            different("accuracy_two", to="accuracy_seed_16_16_16", by=TEN_IMAGES, why=TEN_IMAGES_WHY, paired=True),
            different("accuracy_seed_16_64", to="accuracy_seed_16_16_16", by=TEN_IMAGES, why=TEN_IMAGES_WHY),
        ),
        comments=Comments(
            supported="They differ, but size (up to {size_ratio.short} times), arithmetic and depth change together, so nothing can be put down to any one of them.",
            refuted="Not to a tenth of a point on unseen digits: networks that differ up to {size_ratio.short} times in size read MNIST alike.",
            inconclusive="No pair is shown to differ by a tenth of a point on unseen digits, nor are all shown to agree; more seeds must decide.",
        ),
    ),
    Claim(
        "second-convolution",
        source="ours",
        headline="A second convolution helps at equal parameter count",
        says="At equal parameter count, a second convolution raises test accuracy by more than a tenth of a point: from {accuracy_one} "
        "to {accuracy_two}.",
        holds=larger("accuracy_two", than="accuracy_one", by=TEN_IMAGES, why=TEN_IMAGES_WHY, paired=True),
    ),
    Claim(
        "third-convolution",
        source="ours",
        headline="A third convolution helps",
        says="At equal parameter count, a third convolution raises test accuracy by more than a tenth of a point: from {accuracy_two} to {accuracy_three}.",
        holds=larger("accuracy_three", than="accuracy_two", by=TEN_IMAGES, why=TEN_IMAGES_WHY, paired=True),
    ),
    Claim(
        "digits-depth",
        source="ours",
        headline="Depth helps on a second task",
        says="On the second task three convolutions beat one of the same size by more than half a point: {accuracy_digits_three} against "
        "{accuracy_digits_one}.",
        holds=larger("accuracy_digits_three", than="accuracy_digits_one", by=DIGITS_MARGIN, why=DIGITS_WHY),
    ),
)
