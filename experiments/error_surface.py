"""How much truth is in a picture of the loss?

A small convolutional network is trained on MNIST. We draw the loss on the plane of its path, on random planes around two
solutions, and along the straight line from start to end, and hold each picture against what the training met.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from experiments import original
from experiments.margins import FLATTER, MOSTLY
from experiments.quantities import LEFT_OUT, LEFT_OUT_WALK, measured
from lab.checkpoints import Checkpoint
from lab.data import MNIST
from lab.landscape import FilterNormalizedPlane, Line, LineLoss, Plane, Surface, TrajectoryPlane
from lab.models import CNN
from lab.training import Recipe, Train
from lab.trajectories import JointPCA
from measured import charts
from measured.evidence import (
    Claim,
    Comments,
    Margin,
    Quantity,
    Result,
    Runs,
    Seeds,
    Share,
    at_least,
    at_most,
    every,
    factor,
    smaller,
)
from measured.jobs import gather

TITLE = "Landscapes of the loss"
RUNS = Runs(
    varies="training images, initial weights and order of the images",
    shared="the {setting.data.num_held_out} held-out images, which only the line uses",
)

# Seconds of one worker with another beside it, measured: the network trains on 9,000 and judges 27,000 images a second.
#   trainings   8 runs of 300 updates x 64 images, 1 of 1,024          8 x 2.3 + 2 = 20 s
#   planes      3 grids of 17 x 17 points x 500 images                 3 x 5.5 s   = 16 s
#   paths       8 runs x 2 x 21 points x 500 images, a small grid      8 x 0.8 s   =  6 s
#   lines       8 runs x 25 points x 1,000 images                      8 x 1.0 s   =  8 s


@dataclass(frozen=True)
class Settings:
    network: CNN = CNN(original.IMAGE, (4, 8), (32,), 10)
    """The network that is trained."""
    data: MNIST = MNIST(2048, num_held_out=500)
    """The images on which it is trained, drawn by the run's seed, and those held out for the line."""
    learning_rate: float = 0.003
    """The learning rate of Adam, which is constant."""
    batch_sizes: tuple[int, ...] = (64, 1024)
    """Mini-batches of the two solutions, which see as many images; all paths and lines belong to the first."""
    num_updates: int = 300
    """Updates with the first size of mini-batch."""
    num_checkpoints: int = 21
    """Checkpoints of a path, the start and the end among them."""
    resolution: int = 17
    """Grid points along each axis of a plane."""
    radius: float = 1.0
    """Offset on the random planes: at 1 each filter has moved by its own norm."""
    num_examples: int = 500
    """Training images behind each loss."""
    num_alphas: int = 25
    """Points on a line from the start to the end."""
    num_simulations: int = 100
    """Random walks with the steps of a path."""
    seeds: Seeds = Seeds(8)
    """Runs; the planes show the first."""


QUICK, ALL = MNIST(128, num_held_out=1000), MNIST(num_held_out=1000)
PRESETS = {
    "quick": Settings(
        data=QUICK,
        batch_sizes=(64, 128),
        num_updates=6,
        num_checkpoints=5,
        resolution=5,
        num_examples=50,
        num_alphas=5,
        num_simulations=3,
        seeds=Seeds(2),
    ),
    "standard": Settings(),
    "full": Settings(
        data=ALL,
        num_updates=9380,
        num_checkpoints=41,
        resolution=101,
        num_examples=ALL.sizes[0],
        num_alphas=201,
        seeds=Seeds(20),
    ),
}

RISE = Quantity(
    "rise",
    "largest rise along the line, over the loss at the start",
    read=lambda line: highest_rise(line.train_loss) / line.train_loss[0],
)
MIDDLE = Quantity(
    "middle",
    "loss half-way along the line, over the loss at the start",
    read=lambda line: line.train_loss[len(line.alphas) // 2] / line.train_loss[0],
)
END = Quantity("end", "loss at the end", average="geometric mean", log=True, read=lambda line: line.train_loss[-1])
OUTSIDE = Quantity("outside", "the start's distance from the plane", "%", read=lambda plane: plane.outside[0, 0])
EXPLAINED = Quantity("explained", "variance of the path in the plane", "%", read=lambda plane: plane.explained.sum())
WORST = Quantity(
    "worst",
    "largest factor between the losses",
    average="geometric mean",
    read=lambda plane: np.exp(np.abs(misses(plane)).max()),
)
HALFWAY = Quantity(
    "halfway",
    "loss on the plane over the true one, half-way",
    average="geometric mean",
    read=lambda plane: np.exp(misses(plane)[len(misses(plane)) // 2]),
)


def misses(plane: Plane) -> np.ndarray:
    """Logarithms of the loss on the plane over the true one, at the checkpoints of one run."""
    return np.log(plane.plane_losses[0] / plane.path_losses[0])


def highest_rise(losses: np.ndarray) -> float:
    """How far the loss gets above what was reached before."""
    return np.max(losses - np.minimum.accumulate(losses))


def training(seed: int, settings: Settings, batch_size: int) -> Train:
    """One run, which sees as many images whatever its batch size."""
    num_updates = max(settings.num_updates * settings.batch_sizes[0] // batch_size, settings.num_checkpoints - 1)
    steps = tuple(sorted({round(share * num_updates) for share in np.linspace(0, 1, settings.num_checkpoints)}))
    recipe = Recipe(settings.learning_rate, num_updates, batch_size)
    return Train(settings.network, settings.data.drawn(seed), recipe, seed, checkpoint_at=steps)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    small, large = settings.batch_sizes
    runs = [training(seed, settings, small) for seed in settings.seeds]
    solutions = {small: runs[0], large: training(runs[0].seed, settings, large)}
    resolution, num_examples = settings.resolution, settings.num_examples
    alphas = tuple(np.linspace(0, 1, settings.num_alphas).tolist())
    shown = TrajectoryPlane((runs[0],), resolution, 0.35, num_examples)
    # Of the other paths only the losses on and off their planes are used; the coarsest grid will do.
    paths = [TrajectoryPlane((run,), 2, 0.1, num_examples) for run in runs]
    surfaces = {
        f"batch {size:,}": FilterNormalizedPlane(Checkpoint(run), run.seed, settings.radius, resolution | 1, num_examples)
        for size, run in solutions.items()
    }
    straight = [LineLoss(Checkpoint(run, 0), Checkpoint(run), alphas, num_examples, num_examples) for run in runs]
    walks = [JointPCA((run,), num_simulations=settings.num_simulations, seed=run.seed) for run in runs]
    plane, planes, grids, lines, beside = gather((shown, paths, surfaces, straight, walks))
    metrics = {
        **measured((RISE, MIDDLE, END), lines),
        **measured((OUTSIDE, EXPLAINED, WORST, HALFWAY), planes),
        **measured((LEFT_OUT, LEFT_OUT_WALK), beside),
        "monotone": Share.over_seeds(RISE.of(line) <= ANOTHER_SAMPLE.value for line in lines),
    }
    figures = charts.drawn(path, plane) | charts.drawn(path_relief, plane) | charts.drawn(off_plane, planes)
    figures |= charts.drawn(around, grids) | charts.drawn(around_relief, grids) | charts.drawn(line, lines)
    return Result(metrics, figures)


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def on_path(plane: Plane, alt: str, relief: bool = False) -> charts.Figure:
    """The loss on the plane of one path, with the true losses of its checkpoints."""
    places = zip(plane.coordinates[0].tolist(), plane.path_losses[0].tolist(), strict=True)
    marked = [(x, y, loss) for (x, y), loss in places]
    grid = charts.Grid(plane.xs.tolist(), plane.ys.tolist(), plane.losses.tolist(), marked)
    x, y = (f"component {number} ({100 * share:.0f} %)" for number, share in enumerate(plane.explained, start=1))
    return charts.surface({"the plane of the path": grid}, x=x, y=y, value="loss", alt=alt, relief=relief)


def path(plane: Plane) -> charts.Figure:
    """One path through the landscape of its loss. The colour is the loss on the plane of the path's first two principal
    components, a dot is the network at one moment, the number beside it its true loss, where there is room. Seed
    {setting.seeds.first}, {setting.network}; cross-entropy of the first {setting.num_examples} training images, float32,
    evaluation mode."""
    return on_path(
        plane,
        "A map with contours: the loss on the plane of two principal components. Across it runs the path of training, a line "
        "of dots from the start to the end, with the true loss written beside some of them.",
    )


def path_relief(plane: Plane) -> charts.Figure:
    """The same landscape in relief. The height is the loss on the plane, on a logarithmic scale."""
    return on_path(
        plane, "The loss on the same plane as a relief in three dimensions, its height on a logarithmic scale.", relief=True
    )


def off_plane(planes: Sequence[Plane]) -> charts.Figure:
    """What training met, and what its plane shows. True loss at the checkpoints, and the loss on the plane right below them,
    each run on the plane of its own path; float32."""
    steps = np.linspace(0, 1, planes[0].path_losses.shape[1])
    lines = {
        "at the checkpoint": charts.Series(steps, [plane.path_losses[0] for plane in planes]),
        "below it, on the plane": charts.Series(steps, [plane.plane_losses[0] for plane in planes]),
    }
    alt = (
        "Two lines with bands, on a logarithmic axis against the share of the updates made: the loss at the checkpoints of a "
        "path, and the loss at their places on its plane."
    )
    return charts.curves({"loss": lines}, x="share of the updates", y=charts.Axis("loss", log=True), alt=alt)


def around_solutions(grids: Mapping[str, Surface], alt: str, relief: bool = False) -> charts.Figure:
    """The loss on a random plane around each solution, which is marked."""
    panels = {
        name: charts.Grid(found.xs.tolist(), found.ys.tolist(), found.losses.tolist(), [(0.0, 0.0, found.centre_loss)])
        for name, found in grids.items()
    }
    return charts.surface(panels, x="direction 1", y="direction 2", value="loss", alt=alt, relief=relief)


def around(grids: Mapping[str, Surface]) -> charts.Figure:
    """The surroundings of two solutions, small batch and large. Loss on planes of two random directions (the same in both),
    each filter's part scaled to that filter's norm: at 1 it has moved by its own size (Li et al. 2018). Both saw the same
    number of images; the dot is the solution, the number its loss. Seed {setting.seeds.first}, {setting.network}; cross-entropy
    of the first {setting.num_examples} training images, float32, evaluation mode."""
    return around_solutions(
        grids,
        "Two maps with contours, one per batch size: the loss on two random directions around the solution in the middle.",
    )


def around_relief(grids: Mapping[str, Surface]) -> charts.Figure:
    """The same surroundings in relief. The height is the loss, on a logarithmic scale."""
    return around_solutions(
        grids, "The loss on the same planes as reliefs in three dimensions, a panel per batch size.", relief=True
    )


def line(lines: Sequence[Line]) -> charts.Figure:
    """Straight from the start to the end. The loss at points of the line between the weights before and after training, none of
    which was trained; on the first {setting.num_examples} images of each kind, as far as there are so many; float32."""
    panel = {
        "training images": charts.Series.of(lines, "train_loss", "alphas"),
        "test images": charts.Series.of(lines, "test_loss", "alphas"),
    }
    x = "share of the way from the start to the end"
    alt = (
        "Two lines with bands, training and test images: the loss, on a logarithmic axis, against the share of the straight "
        "way from the weights at the start to those at the end."
    )
    return charts.curves({"loss": panel}, x=x, y=charts.Axis("loss", log=True), alt=alt)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

ANOTHER_SAMPLE = Margin(
    0.01, "a rise of one per cent of the starting loss is within what another sample of images would change"
)
TENTH = factor(1.1, "a tenth is what a reader can tell apart on a logarithmic scale of colours")

WORDS = {"explained": "share in the plane", "left_out": "left out, training", "left_out_walk": "random walk"}

CLAIMS = (
    Claim(
        "line-is-monotone",
        source="Goodfellow et al. 2015",
        headline="Straight from start to end, the loss falls without a noticeable rise",
        says="Along the straight line from the start to the end of training the loss does not rise noticeably: the largest "
        "rise between two of its points is {rise} of the loss at the start, on average, where {margin} is not noticed.",
        published="a loss that falls monotonically from start to solution, on MNIST (as Vlaar and Frankle 2022 report it).",
        holds=at_most("rise", ANOTHER_SAMPLE),
        comments=Comments(
            supported="A straight way down was there all along, without a hill that one would notice. Training, which cannot "
            "see it, took another.",
            refuted="The straight way leads uphill somewhere: the largest rise is {rise} of the loss at the start.",
            inconclusive="Of the runs, {monotone} go downhill all the way; the mean rise is about the smallest that counts, "
            "and more runs would tell.",
        ),
    ),
    Claim(
        "plane-is-not-path",
        source="ours",
        headline="The landscape on a path's plane is not the one that training met",
        says="Where the two differ most, the loss at a checkpoint and the loss below it on the plane differ by a factor of "
        "{margin}: of {worst}.",
        holds=at_least("worst", TENTH),
        comments=Comments(
            supported="At its worst the drawn loss is off by a factor of {worst}; half-way it shows {halfway} times the true "
            "one. The colour under a dot is not what training met there.",
            refuted="All along the path the plane shows the loss about as it was: at most a factor of {worst} apart.",
            inconclusive="At its worst the drawn loss is off by a factor of {worst}, about what a reader can tell by the "
            "colour.",
        ),
    ),
    Claim(
        "plane-explains",
        source="Li et al. 2018",
        headline="One path lies mostly in a plane, and more so than a random walk",
        says="The first two principal components hold {margins[0]} of the variance of a single path, {explained}, and what "
        "they leave out is {margins[1]} smaller than for a random walk with its steps: {left_out} against {left_out_walk}.",
        published="the method, in the authors' code; the share of variance that they give we could not read again.",
        holds=every(at_least("explained", MOSTLY), smaller("left_out", than="left_out_walk", by=FLATTER, paired=True)),
        comments=Comments(
            supported="The plane leaves out {left_out} of a path, and {left_out_walk} of a random walk with its steps. So the "
            "picture is possible, and not only because PCA flattens everything.",
            refuted="The plane leaves out {left_out} of a path, and {left_out_walk} of a random walk with its steps: too much, "
            "or too much alike, to call the path flat.",
            inconclusive="The plane leaves out {left_out} of a path, and {left_out_walk} of a random walk with its steps; more "
            "runs would tell whether that counts.",
        ),
    ),
)
