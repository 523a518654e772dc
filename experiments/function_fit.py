"""At equal parameter count, does depth fit a function better?

Three ReLU networks of equal size, with seven, four or one hidden layer, fit the original's two functions of one variable.
Beside them stand wider networks with one hidden layer, so that the claim that parameters do not help without layers can fail.
Every network gets the same number of updates on all points at once, and its own learning rate, chosen on other seeds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments import networks as shown
from experiments import original, quantities
from experiments.margins import VISIBLE
from experiments.networks import titled
from lab.function_fits import Fit, fits
from lab.functions import Function, FunctionSamples, SincPlusSine, SincPlusSquare
from lab.models import MLP
from lab.training import ChosenLearningRate, Predict, Recipe, TrainStack, tuned
from measured import charts
from measured.evidence import Claim, Comments, Quantity, Result, Seeds, Share, Single, equal, every, no_more_often, smaller
from measured.jobs import gather

TITLE = "Depth on functions of one variable"

# Seconds of one worker with another beside it, measured, for 1,000 updates: blocks of ten seeds of the deep, middle and shallow
# network 4.6, 3.1 and 2.9, of five seeds of 1-760-1 and 1-3040-1 4.1 and 7.4; searches 3.3, 2.2, 1.9, 1.8 and 3.0.
#   reported runs   2 functions x 2 blocks x 22.1 s        =  88 s
#   check interval  2 functions x 1 block x 10.6 s         =  21 s
#   learning rates  2 functions x 3 candidates x 12.2 s    =  73 s


@dataclass(frozen=True)
class Networks:
    """Three networks of equal size, and two that are wider."""

    deep: MLP = original.DEEP
    """The original's network with seven hidden layers."""
    middle: MLP = original.MIDDLE
    """The original's network with four hidden layers."""
    shallow: MLP = original.SHALLOW
    """The original's network with one hidden layer."""
    wide: MLP = MLP(1, (760,), 1)
    """One hidden layer, four times as wide."""
    widest: MLP = MLP(1, (3040,), 1)
    """One hidden layer, sixteen times as wide."""


@dataclass(frozen=True)
class Settings:
    networks: Networks = Networks()
    """The networks that are compared."""
    f1: Function = SincPlusSine()
    """The first function; sinc(x) is sin(πx)/(πx), and 1 at 0."""
    f2: Function = SincPlusSquare()
    """The second function."""
    interval: tuple[float, float] = (0.01, 10.0)
    """Where the functions are fitted. The original names no interval."""
    check_interval: tuple[float, float] = (-5.0, 5.0)
    """A second interval, around the point where sin(πx)/(πx) is 0/0 and must be 1."""
    num_points: int = 100
    """Equally spaced training points; errors are measured on a grid ten times as dense."""
    num_updates: int = 1000
    """Updates of Adam on all points, with the learning rate decayed to zero along half a cosine."""
    seeds: Seeds = Seeds(20)
    """Runs of each network of equal size."""
    fewer_seeds: Seeds = Seeds(10)
    """Runs of each wider network, and of each network of equal size on the check interval."""
    learning_rates: tuple[float, ...] = (0.003, 0.01, 0.03)
    """Candidates, of which each network gets the one with the lowest median error on each function, on the first interval."""
    search_seeds: tuple[int, ...] = (100, 101, 102)
    """Runs of each candidate, which are not reported; of the wider networks, which vary little, all but the last."""
    constant_below: float = 0.01
    """A prediction counts as constant where its standard deviation over the interval is below this share of the target's."""

    @property
    def places(self) -> dict[str, tuple[Function, MLP]]:
        """Every function with every network, under the name that their metrics have."""
        functions, networks = {"f1": self.f1, "f2": self.f2}, vars(self.networks)
        return {f"{key}.{name}": (functions[key], networks[name]) for key in functions for name in networks}


PRESETS = {
    "quick": Settings(
        num_points=20, num_updates=20, seeds=Seeds(2), fewer_seeds=Seeds(2), learning_rates=(0.01,), search_seeds=(100, 101)
    ),
    "standard": Settings(),
    "full": Settings(
        num_points=256,
        num_updates=20_000,
        seeds=Seeds(40),
        fewer_seeds=Seeds(40),
        learning_rates=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
        search_seeds=tuple(range(100, 110)),
    ),
}
FUNCTIONS, EQUAL = ("f1", "f2"), ("deep", "middle", "shallow")
Fits = Mapping[str, list[Fit]]
ERROR = Quantity("test_loss", "mean squared error", average="median", log=True)
RELATIVE = Quantity("relative_error", "over the target's variance", average="median", log=True)
CONSTANT = Quantity("constant", "constant predictors", "%")
GAIN = Quantity("gain_of_last_tenth", "gain of the last tenth", average="median", log=True)


def blocks(network: MLP, function: Function, interval: tuple, seeds: Seeds, settings: Settings) -> list[TrainStack]:
    """The reported trainings of one network on one function, in blocks of seeds."""
    is_wide = network not in original.FITTED
    tuning = FunctionSamples(function, *settings.interval, settings.num_points, 10 * settings.num_points)
    points = replace(tuning, low=interval[0], high=interval[1])
    recipe = Recipe(settings.learning_rates[0], settings.num_updates, batch_size=None, schedule="cosine")
    shares = (0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    record_at = tuple(sorted({round(share * settings.num_updates) for share in shares}))
    size = 5 if is_wide else 10  # whatever the machine, or another one would train other blocks
    of_blocks = [tuple(seeds)[start : start + size] for start in range(0, len(seeds), size)]
    stacks = [TrainStack(network, points, recipe, block, record_at=record_at) for block in of_blocks]
    search_seeds = settings.search_seeds[:-1] if is_wide else settings.search_seeds
    return [tuned(stack, settings.learning_rates, seeds=search_seeds, data=tuning) for stack in stacks]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    jobs = {}
    for place, (function, network) in settings.places.items():
        seeds = settings.seeds if network in original.FITTED else settings.fewer_seeds
        jobs[place] = blocks(network, function, settings.interval, seeds, settings)
        if network in original.FITTED:
            jobs[f"check.{place}"] = blocks(network, function, settings.check_interval, settings.fewer_seeds, settings)
    found = gather({place: (runs, [Predict(of=run) for run in runs], runs[0].tuned_by) for place, runs in jobs.items()})
    fitted = {place: fits(trainings, answers) for place, (trainings, answers, _) in found.items()}
    chosen = {place: search for place, (*_, search) in found.items()}

    constant = {place: [fit.is_constant(settings.constant_below) for fit in runs] for place, runs in fitted.items()}
    metrics: dict[str, Any] = {
        place: quantities.measured((ERROR, RELATIVE, GAIN), runs)
        | {"worst": Single.once(max(map(RELATIVE.of, runs))), "constant": Share.over_seeds(constant[place])}
        for place, runs in fitted.items()
    }
    metrics["variance"] = {key: Single.once(fitted[f"{key}.deep"][0].truth.var()) for key in FUNCTIONS}
    # A seed starts at the same weights on both functions, so it counts once.
    metrics["stuck"] = {name: Share.over_seeds(map(max, constant[f"f1.{name}"], constant[f"f2.{name}"])) for name in EQUAL}
    return Result(
        metrics,
        charts.drawn(networks, settings, chosen)
        | charts.drawn(layers, settings)
        | charts.drawn(loss, settings, fitted)
        | charts.drawn(predictions, settings, fitted)
        | charts.drawn(errors, settings, metrics)
        | charts.drawn(check, settings, metrics)
        | charts.drawn(search, settings, chosen),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def networks(settings: Settings, chosen: Mapping[str, ChosenLearningRate]) -> charts.Figure:
    """The networks. The learning rate is the candidate with the lowest median error on the search seeds."""
    rows = []
    for name, item in vars(settings.networks).items():
        rates = (f"{chosen[f'{key}.{name}'].learning_rate:g}" for key in FUNCTIONS)
        rows.append((str(item), item.depth, item.num_parameters, item.num_flops // 2, *rates))
    titles = ("network", "hidden layers", "parameters", "multiply-adds per point")
    return charts.table((*titles, *(f"learning rate for {function}" for function in (settings.f1, settings.f2))), rows)


def layers(settings: Settings) -> charts.Figure:
    """All layers. ReLU follows each but the last of a network."""
    return shown.layer_table(vars(settings.networks).values())


def panels(settings: Settings, fitted: Fits, line: Callable[[list[Fit]], charts.Series]) -> dict[str, Any]:
    """A panel per function with a line per network."""
    found: dict[str, Any] = {}
    for place, (function, network) in settings.places.items():
        found.setdefault(str(function), {})[titled(network)] = line(fitted[place])
    return found


def loss(settings: Settings, fitted: Fits) -> charts.Figure:
    """Training loss of all models; float32, all points in every update."""
    lines = panels(settings, fitted, lambda runs: charts.Series.of(runs, "train_loss"))
    alt = "Training loss against updates, a line per network, a panel per function."
    return charts.curves(lines, x="updates", y=ERROR, alt=alt)


def predictions(settings: Settings, fitted: Fits) -> charts.Figure:
    """Predictions of all models over the truth."""
    lines = panels(settings, fitted, lambda runs: charts.Series(runs[0].x[::5], [fit.prediction[::5] for fit in runs]))
    limits = {}
    for key, function in (("f1", str(settings.f1)), ("f2", str(settings.f2))):
        x, truth = fitted[f"{key}.deep"][0].x, fitted[f"{key}.deep"][0].truth
        lines[function]["truth"] = charts.Series(x[::5], [truth[::5]])
        limits[function] = (truth.min() - 0.1 * np.ptp(truth), truth.max() + 0.1 * np.ptp(truth))
    alt = "Predicted values of each network and true values against x, a panel per function."
    return charts.curves(lines, x="x", y="y", reference="truth", limits=limits, alt=alt)


def errors(settings: Settings, metrics: Mapping[str, Any]) -> charts.Figure:
    """Errors on the dense grid. The last column is the training loss after nine tenths of the updates over the loss at the end:
    where it is one, the last tenth gained nothing."""
    rows = [(*map(str, names), metrics[place]) for place, names in settings.places.items()]
    return shown.metric_table(("function", "network"), rows, (ERROR, RELATIVE, CONSTANT, GAIN))


def check(settings: Settings, metrics: Mapping[str, Any]) -> charts.Figure:
    """The same on the check interval, with the learning rates chosen on the first."""
    places = {place: names for place, names in settings.places.items() if f"check.{place}" in metrics}
    rows = [(*map(str, names), metrics[f"check.{place}"]) for place, names in places.items()]
    return shown.metric_table(("function", "network"), rows, (ERROR, RELATIVE, CONSTANT))


def search(settings: Settings, chosen: Mapping[str, ChosenLearningRate]) -> charts.Figure:
    """How the learning rates were chosen: median error of the search seeds. Where the first or the last is the lowest, a wider
    search might find a better one."""
    rows = [(*map(str, names), chosen[place]) for place, names in settings.places.items()]
    return shown.search_table(("function", "network"), rows, "rate")


# ---------------------------------------------------------------------------------------------------------------------
# Claims


def fits_better(left: str, than: str, where: str = "") -> list:
    """The error is visibly smaller, on both functions."""
    return [smaller(f"{where}{key}.{left}.test_loss", than=f"{where}{key}.{than}.test_loss", by=VISIBLE) for key in FUNCTIONS]


def both(network: str, where: str = "") -> str:
    """Its errors on the two functions, for a sentence."""
    return f"{{{where}f1.{network}.test_loss}} and {{{where}f2.{network}.test_loss}}"


CLAIMS = (
    Claim(
        "S1a",
        source="original 1.1",
        headline="Of three networks of equal size the deepest fits best: the typical run",
        quote=original.QUOTES["S1a"],
        says="The typical run of the deepest of three equal-sized networks fits both functions best, its error {margin} "
        f"smaller: {both('deep')}, against {both('middle')} with four hidden layers, {both('shallow')} with one.",
        holds=every(*fits_better("deep", "middle"), *fits_better("deep", "shallow")),
        comments=Comments(
            supported="The typical run bears the original out on both functions, each network at its own learning rate.",
            refuted="Too general: on at least one function another network comes as close as the eye can tell, or closer.",
            inconclusive='Open: at least one of the comparisons that "best" needs could go either way with these seeds.',
        ),
    ),
    Claim(
        "S1b",
        source="original 1.1",
        headline="Of three networks of equal size the deepest fits best: how often it gets stuck",
        quote=original.QUOTES["S1b"],
        says="The deepest network is stuck at a constant, on one function or on both, no more often than the shallow one: "
        "{stuck.deep} against {stuck.shallow} of the seeds.",
        holds=no_more_often("stuck.deep", than="stuck.shallow", why="best in every run means never stuck more often"),
        comments=Comments(
            supported="Depth costs no reliability here; single runs could not have shown how often a network gets stuck.",
            refuted="Depth has a price that single runs hide: the deepest network more often ends having learned nothing.",
            inconclusive="The shares of stuck runs cannot be told apart with these seeds; single runs say even less.",
        ),
    ),
    Claim(
        "S2a",
        source="original 1.1",
        headline="Parameters do not help without layers: wider alone changes nothing visible",
        quote=original.QUOTES["S2a"],
        says="With one hidden layer, {setting.networks.widest.num_parameters} parameters have the error of "
        f"{{setting.networks.shallow.num_parameters}} up to {{margin}}: {both('widest')} against {both('shallow')}.",
        holds=every(*(equal(f"{key}.widest.test_loss", to=f"{key}.shallow.test_loss", within=VISIBLE) for key in FUNCTIONS)),
        comments=Comments(
            supported="Width alone changes nothing that the eye can see here.",
            refuted="On at least one function width alone changes the fit visibly, for better or worse.",
            inconclusive="What width alone does is open on at least one function.",
        ),
    ),
    Claim(
        "S2b",
        source="original 1.1",
        headline="Parameters do not help without layers: the widest is worse than the deepest",
        quote=original.QUOTES["S2a"],
        says="The error of {setting.networks.deep.num_parameters} parameters in seven layers is {margin} smaller than that of "
        f"{{setting.networks.widest.num_parameters}} in one: {both('deep')}, against {both('widest')}.",
        holds=every(*fits_better("deep", "widest")),
        comments=Comments(
            supported="Here size does not make up for layers: on both functions the widest network falls visibly short.",
            refuted="Not in general: on at least one function the widest network fits no visibly worse than the deepest.",
            inconclusive="Open on at least one function: neither that size makes up for layers nor that it does not is shown.",
        ),
    ),
    Claim(
        "check-interval",
        source="ours",
        headline="The deepest fits better than the shallow one on a second interval",
        says="Around zero the typical run of the deepest network has an error {margin} smaller than the shallow one's: "
        f"{both('deep', 'check.')}, against {both('shallow', 'check.')}.",
        holds=every(*fits_better("deep", "shallow", "check.")),
    ),
)
