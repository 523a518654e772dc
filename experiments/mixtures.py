"""What the mixtures of two networks answer: the figure in which one moves along the line through them."""

from collections.abc import Mapping

import numpy as np

from experiments.panels import SCORE_AXES, SPLITS
from lab.landscape import Line
from lab.lines import Answers
from measured import charts

NUM_DRAWN = 3  # images of either half of those that are kept
STEP, REACH = 0.1, 0.5  # between two points, and how far the slider goes beyond either solution
STOPS = (0.0, 0.3, 0.5, 0.7, 1.0)


def mixtures(lines: Mapping[str, tuple[Line, Answers]], first: str, second: str) -> charts.Figure:
    """What the mixtures of {first} and {second} answer. From {first} (α = 0) to {second} (α = 1), the line of the first seed
    with each kind of start: loss and accuracy of the mixture, and the probabilities that it gives to the ten digits for a few
    test images. First come images from the beginning of the test set, then some that the two solutions read differently, as
    far as there are such. A bar in colour is the digit that is right. The slider of "Explore" moves along the line."""
    alphas = next(iter(lines.values()))[0].alphas
    shown = np.flatnonzero(_is_multiple(alphas) & (alphas >= -REACH) & (alphas <= 1 + REACH))
    panels, names = {}, []
    for title, (line, answers) in lines.items():
        names = [str(number) for number in range(answers.probabilities.shape[2])]
        curves = {
            what: {
                of: [scale * value for value in getattr(line, f"{split}_{what}")[shown].tolist()]
                for split, of in SPLITS.items()
            }
            for what, scale in (("loss", 1), ("accuracy", 100))
        }
        half = len(answers.targets) - len(answers.targets) // 2
        chosen = [*range(half)[:NUM_DRAWN], *range(half, len(answers.targets))[:NUM_DRAWN]]
        examples = {
            f"image {number}": charts.Example(
                _grey(answers.inputs[place]), str(int(answers.targets[place])), answers.probabilities[shown, place].tolist()
            )
            for number, place in enumerate(chosen, start=1)
        }
        panels[title] = charts.Slide(curves, examples)
    at = alphas[shown].tolist()
    stops = sorted({min(at, key=lambda value: abs(value - stop)) for stop in STOPS})
    alt = (
        f"Loss and accuracy against α, from {first} to {second}, and for some test images bars for the probabilities of the "
        "digits at a few values of α: a column for each kind of start."
    )
    marks = {first: 0, second: 1}
    return charts.slides(panels, knob="α", at=at, y=SCORE_AXES, names=names, alt=alt, marks=marks, stops=stops)


def _is_multiple(alphas: np.ndarray) -> np.ndarray:
    return np.isclose(alphas / STEP, np.round(alphas / STEP))


def _grey(image: np.ndarray) -> list[list[float]]:
    """Rows of a picture with one channel, from 0 at its least value to 1 at its largest."""
    rows = image.reshape(image.shape[-2:]).astype(np.float64)
    return ((rows - rows.min()) / max(np.ptp(rows), 1e-12)).tolist()
