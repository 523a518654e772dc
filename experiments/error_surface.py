"""What does the loss look like around the path?

A small convolutional network is trained on MNIST. The loss is drawn on the plane of its path, with the true losses along the path written on it; on random planes around
two solutions, whose directions are as large as the filters of the network; and along the straight line from the start to the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments import original
from lab.checkpoints import Checkpoint
from lab.data import MNIST
from lab.landscape import FilterNormalizedPlane, Line, LineLoss, Plane, Surface, TrajectoryPlane
from lab.models import CNN
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Claim, Metric, Result, at_least, at_most, away_from
from measured.jobs import gather

# Seconds of one worker with another beside it, measured: the network trains on 9,000 and judges 27,000 images a second.
#   trainings   8 runs of 500 updates x 64 images, 1 of 1,024          8 x 4.5 + 3 = 39 s
#   planes      3 grids of 21 x 21 points x 1,000 images               3 x 16 s    = 48 s
#   paths       8 runs x 2 x 11 points x 1,000 images, a small grid    8 x 1 s     =  8 s
#   lines       8 runs x 31 points x 2,000 images                      8 x 2.3 s   = 18 s


@dataclass(frozen=True)
class Settings:
    num_train: int = 4096
    """Training images."""
    num_updates: int = 500
    """Mini-batches of 64."""
    learning_rate: float = 0.003
    """Of Adam, constant."""
    large_batch: int = 1024
    """Mini-batch of the second solution, which sees as many images."""
    num_checkpoints: int = 11
    """Checkpoints of a path, the start and the end among them."""
    resolution: int = 21
    """Grid points along each axis of a plane."""
    radius: float = 1.0
    """Offset on the random planes: at 1 each filter has moved by its own norm."""
    num_examples: int = 1000
    """Training images behind each loss."""
    num_alphas: int = 31
    """Points on a line from the start to the end."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7)
    """Runs; the planes show the first."""


PRESETS = {
    "quick": Settings(
        num_train=128,
        num_updates=6,
        large_batch=64,
        num_checkpoints=3,
        resolution=5,
        num_examples=50,
        num_alphas=5,
        seeds=(0, 1),
    ),
    "standard": Settings(),
    "full": Settings(
        num_train=60_000,
        num_updates=9380,
        num_checkpoints=41,
        resolution=101,
        num_examples=60_000,
        num_alphas=201,
        seeds=tuple(range(20)),
    ),
}

NETWORK = CNN(original.IMAGE, (4, 8), (32,), 10)
BATCH_SIZE = 64


def training(seed: int, settings: Settings, batch_size: int = BATCH_SIZE) -> Train:
    """One run, which sees as many images whatever its batch size."""
    num_updates = max(settings.num_updates * BATCH_SIZE // batch_size, settings.num_checkpoints - 1)
    steps = tuple(sorted({round(share * num_updates) for share in np.linspace(0, 1, settings.num_checkpoints)}))
    recipe = Recipe(settings.learning_rate, num_updates, batch_size)
    return Train(NETWORK, MNIST(settings.num_train, num_held_out=1000), recipe, seed, checkpoint_at=steps)


def run(settings: Settings = PRESETS["standard"]) -> Result:
    runs = [training(seed, settings) for seed in settings.seeds]
    solutions = {
        "batch 64": runs[0],
        f"batch {settings.large_batch:,}": training(settings.seeds[0], settings, settings.large_batch),
    }
    jobs = {
        "path": TrajectoryPlane((runs[0],), settings.resolution, 0.35, settings.num_examples),
        # Of the other paths only the losses on and off their planes are used; the coarsest grid will do.
        "paths": [TrajectoryPlane((item,), 2, 0.1, settings.num_examples) for item in runs],
        "around": {
            name: FilterNormalizedPlane(Checkpoint(item), 0, settings.radius, settings.resolution | 1, settings.num_examples)
            for name, item in solutions.items()
        },
        "lines": [
            LineLoss(
                Checkpoint(item, 0), Checkpoint(item), tuple(np.linspace(0, 1, settings.num_alphas).tolist()), settings.num_examples,
                settings.num_examples,
            )
            for item in runs
        ],
    }  # fmt: skip
    found = gather(jobs)
    lines: list[Line] = found["lines"]
    planes: list[Plane] = found["paths"]

    rises = [float(np.max(line.train_loss - np.minimum.accumulate(line.train_loss)) / line.train_loss[0]) for line in lines]
    metrics = {
        "num_parameters": Metric(NETWORK.num_parameters),
        "num_examples": Metric(settings.num_examples),
        "rise": Metric.over_seeds(rises, "%"),
        "monotone": Metric.share(rise <= MONOTONE for rise in rises),
        "plane_over_true": Metric.over_seeds(
            [plane.plane_losses[0, 0] / plane.path_losses[0, 0] for plane in planes], summary="geometric mean"
        ),
        "plane_over_true_end": Metric.over_seeds(
            [plane.plane_losses[0, -1] / plane.path_losses[0, -1] for plane in planes], summary="geometric mean"
        ),
        "outside_start": Metric.over_seeds([plane.outside[0, 0] for plane in planes], "%"),
        "explained": Metric.over_seeds([plane.explained.sum() for plane in planes], "%"),
        "middle": Metric.over_seeds([line.train_loss[len(line.alphas) // 2] / line.train_loss[0] for line in lines], "%"),
        "end": Metric.over_seeds([line.train_loss[-1] for line in lines], summary="geometric mean"),
    }
    return Result(metrics, _figures(found["path"], found["around"], lines, planes, settings))


def _figures(
    path: Plane, around: dict[str, Surface], lines: Sequence[Line], planes: Sequence[Plane], settings: Settings
) -> dict:
    marked = [(float(x), float(y), float(loss)) for (x, y), loss in zip(path.coordinates[0], path.path_losses[0], strict=True)]
    on_path = charts.Grid(path.xs.tolist(), path.ys.tolist(), path.losses.tolist(), marked)
    on_planes = {
        name: charts.Grid(item.xs.tolist(), item.ys.tolist(), item.losses.tolist(), [(0.0, 0.0, item.centre_loss)])
        for name, item in around.items()
    }
    words = f"Seed {settings.seeds[0]}, {NETWORK}; cross-entropy of the first {settings.num_examples:,} training images, float32, evaluation mode."
    first, second = (f"component {number} ({100 * share:.0f} %)" for number, share in enumerate(path.explained, start=1))
    steps = np.linspace(0, 1, planes[0].path_losses.shape[1])
    return {
        "path": charts.surface(
            {"the plane of the path": on_path}, x=first, y=second, value="loss",
            caption="The loss on the plane of the first two principal components of one path. Beside a checkpoint stands its true loss, where there is room, which is not "
                    f"that of the plane below it. {words}",
            alt="Contours of the loss with a path from high loss to low loss across them.",
        ),
        "path_relief": charts.surface(
            {"the plane of the path": on_path}, x=first, y=second, value="loss", relief=True,
            caption=f"The same plane in three dimensions, the loss on a logarithmic scale. {words}",
            alt="A valley of the loss in three dimensions.",
        ),
        "off_plane": charts.curves(
            {
                "loss": {
                    "at the checkpoint": charts.Series(steps, [plane.path_losses[0] for plane in planes]),
                    "below it, on the plane": charts.Series(steps, [plane.plane_losses[0] for plane in planes]),
                }
            },
            x="share of the updates", y=charts.Axis("loss", log=True),
            caption="What the path meets, and what its plane shows: median and the middle 80 % over "
                    f"{len(settings.seeds)} seeds, each on the plane of its own path; float32.",
            alt="Loss at the checkpoints and at their projections on the plane, against the share of updates made.",
        ),
        "around": charts.surface(
            on_planes, x="direction 1", y="direction 2", value="loss",
            caption="The loss around two solutions that saw the same number of images, on planes of two random directions (the same ones), each filter scaled to the "
                    f"norm of the network's own; at 1 it has moved by that norm (Li et al. 2018). {words}",
            alt="Contours of the loss around the solution of a small and of a large batch.",
        ),
        "around_relief": charts.surface(
            on_planes, x="direction 1", y="direction 2", value="loss", relief=True,
            caption=f"The same planes in three dimensions. {words}", alt="Two bowls in three dimensions.",
        ),
        "line": charts.curves(
            {
                "loss": {
                    "training images": charts.Series(lines[0].alphas, [line.train_loss for line in lines]),
                    "test images": charts.Series(lines[0].alphas, [line.test_loss for line in lines]),
                }
            },
            x="share of the way from the start to the end", y=charts.Axis("loss", log=True),
            caption=f"The loss along the straight line from the start to the end: median and the middle 80 % over {len(settings.seeds)} seeds, evaluated only, "
                    f"on {settings.num_examples:,} images of each kind, in float32.",
            alt="Loss against the share of the way, on a logarithmic scale.",
        ),
    }  # fmt: skip


MONOTONE = 0.01
MONOTONE_WHY = "a rise of one per cent of the starting loss is within what another sample of images would change"

CLAIMS = (
    Claim(
        "line-is-monotone",
        source="Goodfellow et al. 2015",
        headline="Along the line from start to end the loss only falls",
        says="Along the straight line from the start to the end of training the loss never rises by more than 1 % of what it was at the start: its largest "
        "rise is {rise}.",
        published="a loss that falls monotonically from start to solution, on MNIST (as Vlaar and Frankle 2022 report it).",
        holds=at_most("rise", MONOTONE, why=MONOTONE_WHY),
    ),
    Claim(
        "plane-is-not-path",
        source="ours",
        headline="The plane of a path does not show the losses that the path met",
        says="At the start of training the loss on the plane of the path is off by more than a tenth: it is {plane_over_true} times the true one.",
        holds=away_from(
            "plane_over_true", 0.9, 1.1, why="a tenth is what a reader can tell apart on a logarithmic scale of colours"
        ),
    ),
    Claim(
        "plane-explains",
        source="Li et al. 2018",
        headline="One path lies mostly in a plane",
        says="The first two principal components hold more than half of the variance of a single path: {explained}.",
        published="the method, in the authors' code; the share of variance that they give we could not read again.",
        holds=at_least("explained", 0.5, why="mostly means more than half", origin=None),
    ),
)
