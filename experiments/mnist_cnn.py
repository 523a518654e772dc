"""Does depth help on a real task?

The original's three convolutional networks on MNIST differ in size as well as in depth, so they cannot tell one from the other.
Beside them we train a trio with one, two and three convolutions and nearly the same number of parameters, and another trio on a
second, smaller task. Every network gets the same number of updates and a learning rate of its own, chosen on images that
neither train nor judge it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from experiments import networks as shown
from experiments import original, quantities
from experiments.margins import TENTH_OF_A_POINT
from experiments.networks import Trio, titled
from lab.data import MNIST, Digits, ImageSet
from lab.models import CNN, MLP
from lab.network import Network
from lab.trained import Classification
from lab.training import ChosenLearningRate, Recipe, Train, tuned
from measured import charts
from measured.evidence import Claim, Comments, Margin, Result, Seeds, Share, at_least, different, every, larger, some
from measured.jobs import gather

TITLE = "Depth on MNIST"

# Seconds of one worker with another beside it, measured; images a second trained and judged: one convolution 8,000 and 16,000,
# two 2,300 and 6,000, three 1,150 and 3,300, 16/64 1,500 and 4,000, 16/16/16 4,000 and 10,000.
#   trio, 5 seeds      23,040 trained, 33,040 judged   5 x (2.9 + 10 + 20) s + 5 x (2.1 + 5.5 + 10) s = 253 s
#   16/64, 16/16/16    2 and 5 seeds                   2 x (15.4 + 8.3) s + 5 x (5.8 + 3.3) s         =  93 s
#   histories          2 x 7,000 judged                5 x (0.9 + 2.3 + 4.2 + 1.2) s + 7 s            =  50 s
#   learning rates     3 x 5,120 trained, 2,000 judged 3 x 14 s; digits 3 x 11 runs, 33 s             =  75 s
# A pass over all 50,000 images in place of 23,040 would cost 300 s more, which two cores do not have in seven minutes.


@dataclass(frozen=True)
class Task:
    """Images, a trio of networks of nearly equal size, and how networks are trained on these images."""

    images: ImageSet
    """What a run trains on and is judged on; where it does not train on all images, its seed draws those that it trains on."""
    trial: ImageSet
    """What learning rates are chosen on, judged by images that are reserved for it."""
    trio: Trio
    """The networks with one, two and three convolutions."""
    seeds: Seeds
    """Runs of each network of the trio."""
    num_updates: int
    """Mini-batches of one training, while the learning rate goes up and down in one cycle."""
    trial_updates: int
    """Mini-batches with which a learning rate is tried, in one cycle as well."""
    batch_size: int = 64
    """Images in a mini-batch."""


def mnist(num_train: int | None, trial: int, judges: int, test: int | None = None) -> dict[str, Any]:
    """MNIST without its last sixth to train on, and this last sixth to judge learning rates."""
    images = MNIST(num_train, validation="reserved", num_held_out=test)
    return {"images": images, "trial": MNIST(trial, validation="held out", num_held_out=judges)}


DIGITS = Task(Digits(validation="reserved"), Digits(validation="held out"), shown.DIGITS_TRIO, Seeds(8), 120, 120)


@dataclass(frozen=True)
class Settings:
    mnist: Task = Task(**mnist(23_040, 5120, 2000), trio=shown.MNIST_TRIO, seeds=Seeds(5), num_updates=360, trial_updates=80)
    """The first task; the second network of its trio is the original's 16/36."""
    digits: Task = DIGITS
    """The second task, digits of 8 x 8 pixels."""
    largest: CNN = original.CNN_16_64
    """The original's largest network, which is trained on MNIST as well."""
    largest_seeds: Seeds = Seeds(2)
    """Runs of this network, the costliest."""
    smallest: CNN = original.CNN_16_16_16
    """The original's smallest network, which is trained on MNIST as often as the trio."""
    learning_rates: tuple[float, ...] = (0.004, 0.008, 0.016)
    """Candidate peaks of the cycle for each network."""
    search_seed: int = 100
    """The seed with which candidates are tried, which no reported run has."""

    @property
    def percent_seen(self) -> float:
        """Per cent of the images to be drawn that the runs of one network of the trio are expected to see together."""
        (num_train, _), (num_pool, _) = self.mnist.images.sizes, MNIST(validation="reserved").sizes
        return 100 * (1 - (1 - num_train / num_pool) ** len(self.mnist.seeds))


STANDARD = Settings()
TINY = replace(STANDARD.mnist, **mnist(200, 50, 100, 200), seeds=Seeds(2), num_updates=3, trial_updates=1, batch_size=50)
LONG = replace(STANDARD.mnist, **mnist(None, 50_000, 10_000), seeds=Seeds(10), num_updates=9380, trial_updates=1562)
PRESETS = {
    "quick": Settings(TINY, replace(DIGITS, seeds=Seeds(2), num_updates=3, trial_updates=3), learning_rates=(0.003,)),
    "standard": STANDARD,
    "full": Settings(
        LONG,
        replace(DIGITS, seeds=Seeds(20), num_updates=1000, trial_updates=1000),
        largest_seeds=Seeds(10),
        learning_rates=(0.001, 0.002, 0.004, 0.008, 0.016, 0.032),
    ),
}
LINEAR = {"linear": MLP(28 * 28, (), 10)}
"""The baseline that "very good" is held against: logistic regression on pixels."""
ORIGINAL = ("two", "largest", "smallest")

# Networks that differ by tenths of a point are told apart by the second decimal.
TEST_ACCURACY, TRAIN_ACCURACY = (replace(item, digits=4) for item in (quantities.TEST_ACCURACY, quantities.TRAIN_ACCURACY))
SCORES = (TEST_ACCURACY, TRAIN_ACCURACY, quantities.TEST_LOSS, quantities.TRAIN_LOSS)


def trainings(
    network: Network, task: Task, settings: Settings, seeds: Seeds | None = None, watched_at: Sequence[float] = ()
) -> list[Train]:
    """The reported trainings of one network on one task, with other seeds than the trio's where it has its own."""
    recipe = Recipe(settings.learning_rates[0], task.num_updates, task.batch_size, schedule="one_cycle")
    record_at = tuple(sorted({round(part * task.num_updates) for part in watched_at}))
    images = {seed: replace(task.images, seed=seed if task.images.num_train else 0) for seed in seeds or task.seeds}
    runs = [Train(network, drawn, recipe, seed, record_at=record_at) for seed, drawn in images.items()]
    search = partial(tuned, rates=settings.learning_rates, seeds=[settings.search_seed])
    return [search(run, data=task.trial, updates=task.trial_updates) for run in runs]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    task, seeds = settings.mnist, {"largest": settings.largest_seeds}
    compared = {**vars(task.trio), "largest": settings.largest, "smallest": settings.smallest}
    jobs = {name: trainings(item, task, settings, seeds.get(name), (0.1, 0.4)) for name, item in (compared | LINEAR).items()}
    searches = {name: jobs[name][0].tuned_by for name in compared}
    on_digits = {name: trainings(item, settings.digits, settings) for name, item in vars(settings.digits.trio).items()}
    trained, digits_trained, chosen, start = gather((jobs, on_digits, searches, jobs["two"][0].start))

    metrics: dict[str, Any] = {name: quantities.measured(SCORES, runs) for name, runs in trained.items()}
    metrics["digits"] = {name: quantities.measured(SCORES, runs) for name, runs in digits_trained.items()}
    # The worst run alone, over the test images: what can be said with few seeds.
    num_test = task.images.sizes[1]
    num_read = {name: round(min(map(TEST_ACCURACY.of, trained[name])) * num_test) for name in compared}
    metrics["worst"] = {name: Share.of_count(num, num_test, of="test images", digits=4) for name, num in num_read.items()}
    two, seed = task.trio.two, task.seeds.first
    weights = start.weights, trained["two"][0].weights
    return Result(
        metrics,
        charts.drawn(networks, compared, chosen)
        | charts.drawn(layers, compared)
        | charts.drawn(loss, compared, trained, task.num_updates)
        | charts.drawn(accuracy, compared, trained, task.num_updates)
        | charts.drawn(cost, compared, metrics)
        | charts.drawn(scores, compared, metrics)
        | charts.drawn(digits, settings.digits.trio, metrics["digits"])
        | charts.drawn(filters, two, seed, *weights)
        | charts.drawn(second_filters, two, seed, *weights)
        | charts.drawn(search, compared, chosen),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def networks(networks: Mapping[str, CNN], chosen: Mapping[str, ChosenLearningRate]) -> charts.Figure:
    """The networks. A multiply-add counts as two operations. The learning rate is the peak of the cycle with the lowest loss on
    the reserved images."""
    roles = {"two": "matched trio, the original's", "largest": "the original's", "smallest": "the original's"}
    rows = []
    for name, item in networks.items():
        role, rate = roles.get(name, "matched trio"), f"{chosen[name].learning_rate:g}"
        rows.append((str(item), role, item.depth, item.num_parameters, item.num_flops / 1e6, rate))
    columns = ("network", "used as", "convolutions", "parameters", "MFLOP per image, forward", "learning rate")
    return charts.table(columns, rows)


def layers(networks: Mapping[str, CNN]) -> charts.Figure:
    """All layers: same padding, ReLU after each but the last of a network; pooling rounds down."""
    return shown.layer_table(networks.values())


def loss(networks: Mapping[str, CNN], trained: Mapping[str, Sequence[Classification]], num_updates: int) -> charts.Figure:
    """Training and test loss of all models; float32, evaluation mode. The last point is measured on everything trained on and
    on {setting.mnist.images.sizes.last} test images, those before on the first images of both."""
    return shown.over_updates(networks, trained, num_updates, "loss", charts.Axis("cross-entropy (nats)", log=True))


def accuracy(networks: Mapping[str, CNN], trained: Mapping[str, Sequence[Classification]], num_updates: int) -> charts.Figure:
    """Training and test accuracy of all models, measured as the loss is."""
    return shown.over_updates(networks, trained, num_updates, "accuracy", charts.Axis("accuracy (%)"), scale=100)


def cost(networks: Mapping[str, CNN], metrics: Mapping[str, Any]) -> charts.Figure:
    """What parameters and arithmetic buy."""
    reached = {network: metrics[name][TEST_ACCURACY.name] for name, network in networks.items()}
    return charts.dots(
        {
            "by parameters": {titled(item): (item.num_parameters, metric) for item, metric in reached.items()},
            "by arithmetic": {titled(item): (item.num_flops / 1e6, metric) for item, metric in reached.items()},
        },
        x={"by parameters": charts.Axis("parameters", True), "by arithmetic": charts.Axis("MFLOP per image, forward", True)},
        y=TEST_ACCURACY,
        alt="Test accuracy of five networks against their parameters and against the operations for one image.",
    )


def scores(networks: Mapping[str, CNN], metrics: Mapping[str, Any]) -> charts.Figure:
    """Final numbers on all images trained on and {setting.mnist.images.sizes.last} test images."""
    return shown.metric_table(("network",), [(titled(item), metrics[name]) for name, item in networks.items()], SCORES)


def digits(trio: Trio, metrics: Mapping[str, Any]) -> charts.Figure:
    """The second task: digits of 8 x 8 pixels, {setting.digits.images.sizes.last} held out, three networks of matched size."""
    return shown.metric_table(("network",), [(titled(item), metrics[name]) for name, item in vars(trio).items()], SCORES)


def filters(network: CNN, seed: int, before: Any, after: Any) -> charts.Figure:
    """The filters of the first layer of 16/36, seed {seed}. Blue is negative, orange positive, one scale for all."""
    return shown.first_filters(network, {"before training": before, "after training": after})


def second_filters(network: CNN, seed: int, before: Any, after: Any) -> charts.Figure:
    """The filters of the second layer of 16/36 for its first two input channels, seed {seed}, one scale for all."""
    return shown.second_filters(network, {"before": before, "after": after})


def search(networks: Mapping[str, CNN], chosen: Mapping[str, ChosenLearningRate]) -> charts.Figure:
    """How the learning rates were chosen: loss on the reserved images after a short training."""
    return shown.search_table(("network",), [(titled(network), chosen[name]) for name, network in networks.items()], "peak")


# ---------------------------------------------------------------------------------------------------------------------
# Claims

VERY_GOOD = Margin(0.975, "one error in forty still counts as reading digits very well", origin=1.0)
HALF_A_POINT = Margin(0.005, "half a point is about two of the second task's test images")


def deeper(id: str, which: str, name: str, than: str) -> Claim:
    """One more convolution helps."""
    new, old = f"{name}.final_test_accuracy", f"{than}.final_test_accuracy"
    return Claim(
        id,
        source="ours",
        headline=f"A {which} convolution helps at equal parameter count",
        says=f"At equal parameter count a {which} convolution raises test accuracy by {{margin}}: from {{{old}}} to {{{new}}}.",
        holds=larger(new, than=old, by=TENTH_OF_A_POINT, paired=True),
    )


CLAIMS = (
    Claim(
        "S3",
        source="original 1.2",
        headline="All three of the original's networks do very well on MNIST",
        quote=original.QUOTES["S3"],
        says="The worst run of each of the original's three networks still reads {margin} of unseen digits: "
        "{worst.two} (16/36), {worst.largest} (16/64) and {worst.smallest} (16/16/16) of the test images.",
        holds=every(*(at_least(f"worst.{name}", VERY_GOOD) for name in ORIGINAL)),
        comments=Comments(
            supported="Right, and on unseen digits, where the original showed training accuracy alone; for scale, logistic "
            "regression reads {linear.final_test_accuracy.short} of them.",
            refuted="Not with this training: the worst run of at least one network does not read {margin} of unseen digits. "
            "The original showed training accuracy alone.",
            inconclusive='Its "very high" names no mark, and the worst run of at least one network is too near ours to say.',
        ),
    ),
    Claim(
        "S4",
        source="original 1.2",
        headline="Different architectures perform differently",
        quote=original.QUOTES["S4"],
        says="At least two of the original's three networks differ by {margin}: {two.final_test_accuracy} (16/36), "
        "{largest.final_test_accuracy} (16/64), {smallest.final_test_accuracy} (16/16/16).",
        # Seeds share their images, so that networks with the same seeds are compared in pairs.
        holds=some(
            different("two.final_test_accuracy", to="largest.final_test_accuracy", by=TENTH_OF_A_POINT),
            different("two.final_test_accuracy", to="smallest.final_test_accuracy", by=TENTH_OF_A_POINT, paired=True),
            different("largest.final_test_accuracy", to="smallest.final_test_accuracy", by=TENTH_OF_A_POINT),
        ),
        comments=Comments(
            supported="They differ, but size ({setting.smallest.num_parameters} to {setting.largest.num_parameters} "
            "parameters), arithmetic and depth change together, so nothing can be put down to any one of them.",
            refuted="None differ by {margin} on unseen digits: networks of {setting.smallest.num_parameters} to "
            "{setting.largest.num_parameters} parameters read MNIST alike.",
            inconclusive="No pair is shown to differ by {margin} on unseen digits, nor are all shown to agree.",
        ),
    ),
    deeper("second-convolution", "second", "two", than="one"),
    deeper("third-convolution", "third", "three", than="two"),
    Claim(
        "digits-depth",
        source="ours",
        headline="Depth helps on a second task",
        says="On the second task three convolutions beat one of the same size by {margin}: {digits.three.final_test_accuracy} "
        "against {digits.one.final_test_accuracy}.",
        holds=larger("digits.three.final_test_accuracy", than="digits.one.final_test_accuracy", by=HALF_A_POINT),
        comments=Comments(
            supported="So on this small task depth pays at equal size.",
            refuted="On this small task depth gains less than that at equal size, if it gains anything.",
            inconclusive="On this small task the seeds are too few to tell.",
        ),
    ),
)
