"""Does depth help to read digits, at equal size?

The original's three convolutional networks differ in size as well as in depth. Beside them we train three that have nearly the
same number of parameters, and one, two and three convolutions; and three more on smaller images from another collection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments import networks as shown
from experiments import original, quantities
from experiments.margins import TENTH_OF_A_POINT
from experiments.networks import Trio, titled
from lab.answers import Answer
from lab.data import MNIST, Digits, ImageSet
from lab.models import CNN, MLP
from lab.network import Network
from lab.trained import Classification
from lab.training import ChosenLearningRate, Recipe, Train, tuned
from measured import charts
from measured.evidence import (
    Claim,
    Comments,
    Margin,
    Quantity,
    Result,
    Runs,
    Seeds,
    at_least,
    different,
    every,
    larger,
    some,
)
from measured.jobs import gather

TITLE = "Deeper, not bigger, on digits"
RUNS = Runs(
    varies="initial weights and the order of images",
    shared="the {setting.mnist.images.sizes.first} training images and the images that judge",
)

# Seconds of one worker with another beside it. The runs that judge are none of the five on which their number was planned.
#   passes             50,000 trained; judged: 10,000 test, 8,000 reserved, 2,500 training images
#                      one 10 x 4.7 s, two 10 x 14 s, three 4 x 27 s, 16/64 10 x 19 s, 16/16/16 10 x 9.3 s = 578 s
#   learning rates     4 rates x 2 seeds of four networks, 6,272 trained, 2,000 judged                =  67 s
#   digits             3 networks of 20 splits, 200 updates, and their learning rates; the linear one  =  60 s
# Runs of one network differ mostly in which hard images they miss by chance. Judging 8,000 more images narrows an interval as
# 80 % more runs would, for less than a tenth of their cost.


@dataclass(frozen=True)
class Task:
    """Images, a trio of networks of nearly equal size, and how networks are trained on these images."""

    images: ImageSet
    """What a run trains on and is judged on. The seed of a run draws what there is to draw: which images it trains on where
    these are not all, and how a set that comes without test images is split."""
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
    trial_batch_size: int = 64
    """Images in a mini-batch where a learning rate is tried."""
    learning_rates: tuple[float, ...] = (0.003, 0.006, 0.012, 0.024)
    """Candidate peaks of the cycle for each network."""
    search_seeds: tuple[int, ...] = (100, 101)
    """Seeds with which candidates are tried, which no reported run has."""

    def drawn(self, seed: int) -> ImageSet:
        """The images of one run."""
        if isinstance(self.images, Digits):
            return replace(self.images, split=seed)
        return self.images.drawn(seed) if self.images.num_train else self.images

    @property
    def passes(self) -> float:
        """How often a training sees each of its images."""
        return round(self.num_updates * self.batch_size / self.images.sizes[0], 1)


def mnist(trial: int, num_train: int | None = None, judges: int = 2000, test: int | None = None) -> dict[str, Any]:
    """MNIST without its last sixth to train on, and ``judges`` of this last sixth to judge learning rates."""
    chosen_on = MNIST(trial, 100, validation="held out", num_held_out=judges)
    return {"images": MNIST(num_train, validation="reserved", num_held_out=test), "trial": chosen_on}


DIGITS = Task(
    *(Digits(validation="reserved"), Digits(split=100, validation="held out"), shown.DIGITS_TRIO, Seeds(20)),
    num_updates=200,
    trial_updates=200,
    learning_rates=(0.006, 0.012, 0.024, 0.048),
    search_seeds=(100, 101, 102, 103, 104),  # few images judge a trial, so that a choice needs more of them
)


@dataclass(frozen=True)
class Settings:
    mnist: Task = Task(
        **mnist(6272), trio=shown.MNIST_TRIO, seeds=Seeds(10, 20), num_updates=782, trial_updates=196, trial_batch_size=32
    )
    """The first task; the second network of its trio is the original's `16/36`."""
    digits: Task = DIGITS
    """The second task, digits of `8 x 8` pixels."""
    largest: CNN = original.CNN_16_64
    """The original's largest network, which is trained on MNIST as well."""
    smallest: CNN = original.CNN_16_16_16
    """The original's smallest network, which is trained on MNIST as well, as often as the trio."""
    costly_seeds: Seeds = Seeds(4, 20)
    """Runs of the costliest network on MNIST, the trio's deepest."""
    fresh: ImageSet = MNIST(validation="held out")
    """Reserved images; those on which no learning rate was chosen judge networks beside the test images."""
    moments: tuple[float, ...] = (0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)
    """Parts of a training after which loss and accuracy are recorded."""
    num_curves: int = 2
    """Runs of each network that are recorded, the first ones."""
    history_examples: tuple[int, int] = (500, 1000)
    """Training and test images on which they are recorded."""
    final_examples: int = 2500
    """Training images on which the final training scores are taken."""

    @property
    def num_unseen(self) -> int:
        """Images that judge: the test images, and the reserved ones on which no learning rate was chosen."""
        return self.mnist.images.sizes[1] + self.fresh.sizes[1] - self.mnist.trial.sizes[1]


STANDARD = Settings()
ONE_TRIAL: dict[str, Any] = {"learning_rates": (0.003,), "search_seeds": (100,)}
TINY = replace(
    STANDARD.mnist, **mnist(50, 200, 100, 200), seeds=Seeds(2), num_updates=3, trial_updates=1, batch_size=50, **ONE_TRIAL
)
LONG = replace(STANDARD.mnist, **mnist(50_000), seeds=Seeds(10), num_updates=9380, trial_updates=1562, trial_batch_size=64)
PRESETS = {
    "quick": Settings(
        TINY,
        replace(DIGITS, seeds=Seeds(2), num_updates=3, trial_updates=3, **ONE_TRIAL),
        costly_seeds=Seeds(2),
        fresh=MNIST(validation="held out", num_held_out=300),
        moments=(0.4, 1.0),
        history_examples=(50, 50),
        final_examples=100,
    ),
    "standard": STANDARD,
    "full": Settings(
        replace(LONG, learning_rates=(0.001, 0.002, 0.004, 0.008, 0.016, 0.032)),
        replace(DIGITS, seeds=Seeds(40), num_updates=1000, trial_updates=1000),
        costly_seeds=Seeds(10),
        num_curves=10,
        history_examples=(5000, 2000),
        final_examples=50_000,
    ),
}
LINEAR = {"linear": MLP(28 * 28, (), 10)}
"""The baseline that "very good" is held against: logistic regression on pixels."""
ORIGINAL = ("two", "largest", "smallest")
COSTLY = ("three",)

# Networks that differ by tenths of a point are told apart by the second decimal.
TEST_ACCURACY, TRAIN_ACCURACY = (replace(item, digits=4) for item in (quantities.TEST_ACCURACY, quantities.TRAIN_ACCURACY))
SCORES = (TEST_ACCURACY, TRAIN_ACCURACY, quantities.TEST_LOSS, quantities.TRAIN_LOSS)
UNSEEN = Quantity("unseen_accuracy", "accuracy on all unseen images", "%", digits=4)


def trainings(network: Network, task: Task, settings: Settings, seeds: Seeds, *, recorded: bool = False) -> list[Train]:
    """The reported trainings of one network on one task."""
    recipe = Recipe(task.learning_rates[0], task.num_updates, task.batch_size, schedule="one_cycle")
    # 16/64 differs from 16/36 in the width of one layer, and a search of its own is dear.
    like = task.trio.two if network == settings.largest else network
    tried = Train(like, task.trial, replace(recipe, batch_size=task.trial_batch_size), task.search_seeds[0])
    found = tuned(tried, task.learning_rates, seeds=task.search_seeds, updates=task.trial_updates).tuned_by
    steps = tuple(sorted({max(1, round(part * task.num_updates)) for part in settings.moments}))
    return [
        Train(
            network,
            task.drawn(seed),
            recipe,
            seed,
            record_at=steps if recorded and number < settings.num_curves else (),
            history_examples=settings.history_examples,
            final_examples=settings.final_examples,
            tuned_by=found,
        )
        for number, seed in enumerate(seeds)
    ]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    task, trio, num_judges = settings.mnist, settings.mnist.trio, settings.mnist.trial.sizes[1]
    compared = {**vars(trio), "largest": settings.largest, "smallest": settings.smallest}
    seeds = {name: settings.costly_seeds if name in COSTLY else task.seeds for name in compared | LINEAR}
    jobs = {name: trainings(item, task, settings, seeds[name], recorded=True) for name, item in (compared | LINEAR).items()}
    fresh = {name: [Answer(job, settings.fresh, num_judges) for job in jobs[name]] for name in compared}
    searches = {name: jobs[name][0].tuned_by for name in compared}
    digits_jobs = {
        name: trainings(item, settings.digits, settings, settings.digits.seeds)
        for name, item in vars(settings.digits.trio).items()
    }
    trained, answers, digits_trained, chosen, start = gather((jobs, fresh, digits_jobs, searches, jobs["two"][0].start))

    num_test = task.images.sizes[1]
    metrics: dict[str, Any] = {name: quantities.measured(SCORES, runs) for name, runs in trained.items()}
    for name, found in answers.items():
        read = [num_test * TEST_ACCURACY.of(one) + two.correct.sum() for one, two in zip(trained[name], found, strict=True)]
        metrics[name][UNSEEN.name] = UNSEEN.estimate(num / settings.num_unseen for num in read)
    metrics["digits"] = {name: quantities.measured(SCORES, runs) for name, runs in digits_trained.items()}
    weights = start.weights, trained["two"][0].weights
    curves = {name: trained[name][: settings.num_curves] for name in compared}
    return Result(
        metrics,
        charts.drawn(networks, compared, chosen)
        | charts.drawn(layers, compared)
        | charts.drawn(loss, compared, curves)
        | charts.drawn(accuracy, compared, curves)
        | charts.drawn(cost, compared, metrics)
        | charts.drawn(scores, compared, metrics)
        | charts.drawn(digits, settings.digits.trio, metrics["digits"])
        | charts.drawn(filters, trio.two, task.seeds.first, *weights)
        | charts.drawn(second_filters, trio.two, task.seeds.first, *weights)
        | charts.drawn(search, compared, chosen),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def networks(networks: Mapping[str, CNN], chosen: Mapping[str, ChosenLearningRate]) -> charts.Figure:
    """Five networks: a trio of equal size, and the original's. A multiply-add counts as two operations. The learning rate is
    the peak of its rise and fall, the one with the lowest loss on the images held back."""
    roles = {"two": "matched trio, the original's", "largest": "the original's", "smallest": "the original's"}
    rows = []
    for name, item in networks.items():
        role, rate = roles.get(name, "matched trio"), f"{chosen[name].learning_rate:g}"
        rows.append((str(item), role, item.depth, item.num_parameters, item.num_flops / 1e6, rate))
    columns = ("network", "used as", "convolutions", "parameters", "MFLOP per image, forward", "learning rate")
    return charts.table(columns, rows)


def layers(networks: Mapping[str, CNN]) -> charts.Figure:
    """Every layer of the five networks. Same padding, ReLU after each but the last of a network; pooling rounds down."""
    return shown.layer_table(networks.values())


def loss(networks: Mapping[str, CNN], trained: Mapping[str, Sequence[Classification]]) -> charts.Figure:
    """The loss while the networks learn. Measured on {setting.history_examples.first} training images and on
    {setting.history_examples.last} test images."""
    return shown.over_updates(networks, trained, "loss")


def accuracy(networks: Mapping[str, CNN], trained: Mapping[str, Sequence[Classification]]) -> charts.Figure:
    """How accuracy rises while the networks learn. Measured on {setting.history_examples.first} training images and on
    {setting.history_examples.last} test images."""
    return shown.over_updates(networks, trained, "accuracy")


def cost(networks: Mapping[str, CNN], metrics: Mapping[str, Any]) -> charts.Figure:
    """Unseen digits read, by size and by arithmetic. Each mark is a network, its bar the interval of the mean: against its
    number of parameters, and against its operations for one image; {setting.num_unseen} unseen images."""
    reached = {network: metrics[name][UNSEEN.name] for name, network in networks.items()}
    return charts.dots(
        {
            "by parameters": {titled(item): (item.num_parameters, metric) for item, metric in reached.items()},
            "by arithmetic": {titled(item): (item.num_flops / 1e6, metric) for item, metric in reached.items()},
        },
        x={"by parameters": charts.Axis("parameters", True), "by arithmetic": charts.Axis("MFLOP per image, forward", True)},
        y=UNSEEN,
        alt="Two panels with a mark and a bar for each of five networks: accuracy on unseen images against the number of "
        "parameters, left, and against the operations for one image, right, both on logarithmic axes. Three of the networks "
        "have the same number of parameters. The table of final numbers has all values.",
    )


def scores(networks: Mapping[str, CNN], metrics: Mapping[str, Any]) -> charts.Figure:
    """What each network reaches at the end. Scores on {setting.mnist.images.sizes.last} test images; on these and the held-back
    ones together (all unseen images); and on {setting.final_examples} of the training images."""
    columns = (TEST_ACCURACY, UNSEEN, *SCORES[1:])
    return shown.metric_table(("network",), [(titled(item), metrics[name]) for name, item in networks.items()], columns)


def digits(trio: Trio, metrics: Mapping[str, Any]) -> charts.Figure:
    """The same comparison on small digits. Images of `8 x 8` pixels, {setting.digits.images.sizes.last} of them held out to
    test, drawn anew for each run; three networks of nearly equal size."""
    return shown.metric_table(("network",), [(titled(item), metrics[name]) for name, item in vars(trio).items()], SCORES)


def filters(network: CNN, seed: int, before: Any, after: Any) -> charts.Figure:
    """First-layer filters, before and after training. Each square is one filter of `16/36`; blue is negative, orange positive,
    one scale for all; seed {seed}."""
    return shown.first_filters(network, {"before training": before, "after training": after})


def second_filters(network: CNN, seed: int, before: Any, after: Any) -> charts.Figure:
    """Second-layer filters, before and after training. The part of each filter of `16/36` that looks at the first two of the
    first layer's answers; one scale for all, seed {seed}."""
    return shown.second_filters(network, {"before": before, "after": after})


def search(networks: Mapping[str, CNN], chosen: Mapping[str, ChosenLearningRate]) -> charts.Figure:
    """How the learning rates were chosen. Loss on {setting.mnist.trial.sizes.last} held-back images after
    {setting.mnist.trial_updates} updates, the median over the search seeds; the lowest of a row wins."""
    return shown.search_table(("network",), [(titled(network), chosen[name]) for name, network in networks.items()], "peak")


# ---------------------------------------------------------------------------------------------------------------------
# Claims

VERY_GOOD = Margin(
    0.98,
    "one error in fifty lies between the networks without convolutions and those with them that LeCun et al. (1998) compared",
    origin=1.0,
)


def deeper(id: str, which: str, name: str, than: str, comments: Comments) -> Claim:
    """One more convolution helps."""
    new, old = f"{name}.unseen_accuracy", f"{than}.unseen_accuracy"
    return Claim(
        id,
        source="ours",
        headline=f"A {which} convolution reads more digits with the same number of weights",
        says=f"At equal parameter count a {which} convolution raises accuracy on unseen images: from {{{old}}} to {{{new}}}.",
        holds=larger(new, than=old),
        comments=comments,
    )


WORDS = {
    "one": "one convolution",
    "two": "two convolutions",
    "three": "three convolutions",
    "largest": "original's largest",
    "smallest": "original's smallest",
}

CLAIMS = (
    Claim(
        "S3",
        source="original 1.2",
        headline="All three of the original's networks read MNIST very well",
        quote=original.QUOTES["S3"],
        says="Each of the original's three networks reads {margin} of the test images, over runs: "
        "{two.final_test_accuracy} (`16/36`), {largest.final_test_accuracy} (`16/64`), "
        "{smallest.final_test_accuracy} (`16/16/16`).",
        holds=every(*(at_least(f"{name}.final_test_accuracy", VERY_GOOD) for name in ORIGINAL)),
        comments=Comments(
            supported="The original is right, and on digits that the networks had never seen, where it showed training images "
            "alone. Even the smallest reads {smallest.final_test_accuracy}.",
            refuted="At least one of the three falls short of that on unseen digits with our training. The original showed "
            "training images alone.",
            inconclusive="At least one of the three lies so near the bar that these runs cannot say on which side; the "
            "smallest reads {smallest.final_test_accuracy}.",
        ),
    ),
    Claim(
        "S4",
        source="original 1.2",
        headline="Different architectures perform differently",
        quote=original.QUOTES["S4"],
        says="At least two of the original's three networks differ by {margin} on unseen images: {two.unseen_accuracy} "
        "(`16/36`), {largest.unseen_accuracy} (`16/64`), {smallest.unseen_accuracy} (`16/16/16`).",
        # Not paired: networks of different shapes have no weights in common, and all are trained on the same images.
        holds=some(
            different("two.unseen_accuracy", to="largest.unseen_accuracy", by=TENTH_OF_A_POINT),
            different("two.unseen_accuracy", to="smallest.unseen_accuracy", by=TENTH_OF_A_POINT),
            different("largest.unseen_accuracy", to="smallest.unseen_accuracy", by=TENTH_OF_A_POINT),
        ),
        comments=Comments(
            supported="They differ, if only by tenths of a point: the smallest reads {smallest.unseen_accuracy}, the largest "
            "{largest.unseen_accuracy}. Size, work and depth change together, so the cause stays open.",
            refuted="They do not: no two of them are {margin} apart on unseen digits, though one has a dozen times the "
            "parameters of another.",
            inconclusive="If they differ, then by little: these runs neither find two that are {margin} apart nor rule it out.",
        ),
    ),
    deeper(
        "second-convolution",
        "second",
        "two",
        than="one",
        comments=Comments(
            supported="Depth is worth something beyond its weights: from {one.unseen_accuracy} to {two.unseen_accuracy} of the "
            "unseen digits.",
            refuted="With the weights held equal, the second convolution reads no more: {two.unseen_accuracy}, after "
            "{one.unseen_accuracy} with one.",
            inconclusive="The second convolution reads {two.unseen_accuracy}, the first alone {one.unseen_accuracy}: too near "
            "to each other for this many runs.",
        ),
    ),
    deeper(
        "third-convolution",
        "third",
        "three",
        than="two",
        comments=Comments(
            supported="The third step still pays: from {two.unseen_accuracy} to {three.unseen_accuracy} of the unseen digits.",
            refuted="There is an end to the gain: three convolutions read {three.unseen_accuracy}, two read "
            "{two.unseen_accuracy}.",
            inconclusive="Three convolutions read {three.unseen_accuracy}, two {two.unseen_accuracy}. The few runs of the "
            "costliest network leave room for no gain at all; a few more would tell.",
        ),
    ),
    Claim(
        "digits-depth",
        source="ours",
        headline="On smaller digits, too, each further convolution reads more",
        says="On the second task, at equal parameter count, a second and a third convolution each raise test accuracy: from "
        "{digits.one.final_test_accuracy} to {digits.two.final_test_accuracy} and to {digits.three.final_test_accuracy}.",
        # Paired: networks with the same seed are trained and judged on the same split, and splits differ in difficulty.
        holds=every(
            larger("digits.two.final_test_accuracy", than="digits.one.final_test_accuracy", paired=True),
            larger("digits.three.final_test_accuracy", than="digits.two.final_test_accuracy", paired=True),
        ),
        comments=Comments(
            supported="On this small task, too, depth pays step by step at equal size.",
            refuted="At least one step does not pay: two convolutions read {digits.two.final_test_accuracy} of these digits, "
            "three {digits.three.final_test_accuracy}.",
            inconclusive="At least one of the two steps is too small for these splits to tell from luck: one convolution reads "
            "{digits.one.final_test_accuracy}, two {digits.two.final_test_accuracy}.",
        ),
        runs=Runs(
            varies="how the images are split into training and test images, initial weights and the order of images",
            shared="the images that are split, {setting.digits.images.sizes.first} to train on and "
            "{setting.digits.images.sizes.last} to test, so that splits overlap and the verdict is about these images",
        ),
    ),
)
