"""Do more layers fit a function better than one wide layer?

Three ReLU networks of equal size fit two functions of one variable: with seven hidden layers, with four and with one. Wider
networks with a single layer join them. Each has a learning rate of its own, and each length of training is run by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments import networks as shown
from experiments import original
from experiments.fits import (
    COLUMNS,
    EQUAL,
    ERROR,
    FUNCTIONS,
    listed,
    over_the_truth,
    panels,
    places,
    reported,
    titled_by_depth,
    trainings,
)
from lab.function_fits import Fit, TrueValues, fits
from lab.functions import Function, SincPlusSine, SincPlusSquare
from lab.initializations import Default, Glorot, He, Initialization
from lab.models import MLP
from lab.training import ChosenLearningRate, Predict
from measured import charts, evidence
from measured.evidence import Claim, Comments, Margin, Result, Runs, Seeds
from measured.jobs import gather

TITLE = "Deep or wide, on two curves"
RUNS = Runs(varies="initial weights", shared="the {setting.num_points} points, which are equally spaced and free of noise")

# Seconds of one worker with another beside it, measured: deep 152, shallow 112, wider 63, middle 42, rates included.


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
class Budgets:
    """Numbers of updates. Each is a training of its own, at the end of which the learning rate is zero."""

    small: int = 1_000
    """For many runs, to count those that get stuck."""
    medium: int = 4_000
    """For the wider networks and the second interval too."""
    large: int = 16_000
    """For the question which of three networks of equal size is best: about as many as the assignment's example makes."""


@dataclass(frozen=True)
class Search:
    """Trainings in which a learning rate is tried, which are not reported."""

    seeds: tuple[int, ...] = tuple(range(5_000, 5_008))
    """Their seeds."""
    num_updates: int = 4_000
    """Updates of each."""


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
    """A second interval, around the point where `sin(πx)/(πx)` is `0/0` and must be 1."""
    num_points: int = 100
    """Equally spaced training points; errors are measured on a grid ten times as dense."""
    budgets: Budgets = Budgets()
    """Updates of Adam on all points, with the learning rate decayed to zero along half a cosine."""
    initialization: Initialization = He()
    """How weights start."""
    other_initializations: tuple[Initialization, ...] = (Default(), Glorot())
    """Other starts of the deepest network, on the first function with the small budget."""
    seeds: Seeds = Seeds(120)
    """Runs of each network of equal size with the small budget."""
    fewer_seeds: Seeds = Seeds(12)
    """Those of them that larger budgets and the second interval have too."""
    deep_seeds: Seeds = Seeds(80)
    """Those that the deepest network has on the first function with larger budgets, where its runs differ most."""
    more_seeds: Seeds = Seeds(40)
    """Those that the shallow network has there, and the deepest on the second function."""
    wide_seeds: Seeds = Seeds(6)
    """Runs of each wider network, which vary little."""
    learning_rates: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1)
    """Candidates, of which each network gets the one with the lowest median error on each function, on the first interval."""
    search: Search = Search()
    """How each candidate is tried for a network of equal size."""
    wide_search: Search = Search((5_000, 5_001), 1_000)
    """How for a wider network."""
    no_visible_error: float = 1e-3
    """Share of the variance below which no eye sees an error: its root is a thirtieth of the target's standard deviation, in a
    plot over a range of three or four of these about the width of a line."""
    stuck_above: float = 1e-2
    """A run counts as stuck where it leaves more than this share of the variance: not slow, but visibly wrong by far."""
    constant_below: float = 0.01
    """A prediction counts as constant where its standard deviation over the interval is below this share of the target's."""


PRESETS = {
    "quick": Settings(
        num_points=20, budgets=Budgets(20, 30, 40), stuck_above=1.0, seeds=Seeds(2), fewer_seeds=Seeds(2), deep_seeds=Seeds(2),
        more_seeds=Seeds(2), wide_seeds=Seeds(2), learning_rates=(0.01,), search=Search((5_000, 5_001), 20),
        wide_search=Search((5_000, 5_001), 20),
    ),
    "standard": Settings(),
    "full": Settings(
        num_points=256, budgets=Budgets(4_000, 16_000, 64_000), seeds=Seeds(480), fewer_seeds=Seeds(40), deep_seeds=Seeds(160),
        more_seeds=Seeds(80), wide_seeds=Seeds(40), learning_rates=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
        search=Search(num_updates=16_000), wide_search=Search(num_updates=16_000),
    ),
}  # fmt: skip


def run(settings: Settings = PRESETS["standard"]) -> Result:
    at = places(settings)
    jobs = {name: trainings(place, settings) for name, place in at.items()}
    answers = {name: [Predict(of=run) for run in runs] for name, runs in jobs.items()}
    truths = {name: TrueValues(place.data) for name, place in at.items()}
    searches = {name: runs[0].tuned_by for name, runs in jobs.items()}
    trained, answers, truths, chosen = gather((jobs, answers, truths, searches))
    fitted = {name: fits(truths[name], trained[name], answers[name]) for name in at}

    metrics = reported(settings, fitted)
    return Result(
        metrics,
        charts.drawn(networks, settings, chosen)
        | charts.drawn(layers, settings)
        | charts.drawn(budgets, settings, metrics)
        | charts.drawn(loss, settings, fitted)
        | charts.drawn(predictions, settings, fitted)
        | charts.drawn(stuck, settings, fitted)
        | charts.drawn(errors, settings, metrics)
        | charts.drawn(starts, settings, metrics)
        | charts.drawn(check, settings, metrics)
        | charts.drawn(search, settings, chosen),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Figures

Chosen = Mapping[str, ChosenLearningRate]
Fitted = Mapping[str, list[Fit]]


def networks(settings: Settings, chosen: Chosen) -> charts.Figure:
    """Five networks: three of equal size, two wider. A network is named by the number of its hidden layers, with that of its
    parameters in brackets; its units are listed layer by layer, input first. The learning rate is the candidate with the lowest
    median error on the search seeds."""
    rows = []
    for name, item in vars(settings.networks).items():
        rates = (f"{chosen[f'medium.{key}.{name}'].learning_rate:g}" for key in FUNCTIONS)
        rows.append((titled_by_depth(item), item.depth, item.num_parameters, str(item), item.num_flops // 2, *rates))
    titles = ("network", "hidden layers", "parameters", "units", "multiply-adds per point")
    return charts.table((*titles, *(f"learning rate for {function}" for function in (settings.f1, settings.f2))), rows)


def layers(settings: Settings) -> charts.Figure:
    """Every layer of the five networks. ReLU follows each but the last of a network."""
    return shown.layer_table(vars(settings.networks).values())


def budgets(settings: Settings, metrics: Mapping[str, Any]) -> charts.Figure:
    """How close each network gets to the two functions. Lower is closer: error as a share of the variance, against the number
    of updates. Each point is a set of trainings of that length, stuck runs left out. No eye sees an error below the dashed
    line."""

    def line(key: str, name: str) -> dict[float, Any]:
        measured = {updates: metrics.get(f"{budget}.{key}.{name}") for budget, updates in vars(settings.budgets).items()}
        return {updates: item["error"] for updates, item in measured.items() if item}

    lines = panels(settings, line, vars(settings.networks))
    levels = {panel: {"visible": settings.no_visible_error} for panel in lines}
    alt = (
        "Two panels, one per function. Each has a line per network: the error at the end of training, as a share of the "
        "variance, against the number of updates, with intervals. Both axes are logarithmic. A dashed level marks the "
        "smallest error that an eye sees. The table of errors has the same numbers."
    )
    return charts.trend(lines, x=charts.Axis("updates", log=True), y=ERROR, alt=alt, levels=levels)


def loss(settings: Settings, fitted: Fitted) -> charts.Figure:
    """The loss on the way, in the longest training. Training loss of the networks of equal size as a share of the variance,
    over {setting.budgets.large} updates on all points; stuck runs included, float32."""
    lines = panels(settings, lambda key, name: charts.Series.of(fitted[f"large.{key}.{name}"], "train_loss"))
    alt = (
        "Two panels, one per function. Training loss as a share of the variance against updates, a line with a band per "
        "network, both axes logarithmic."
    )
    x, y = charts.Axis("updates", log=True), charts.Axis("training loss over variance", log=True)
    return charts.curves(lines, x=x, y=y, alt=alt)


def predictions(settings: Settings, fitted: Fitted) -> charts.Figure:
    """The fits after the longest training. The dots are the truth, the lines typical predictions after {setting.budgets.large}
    updates; the bands hold most runs, stuck ones included."""
    lines = panels(settings, lambda key, name: fitted[f"large.{key}.{name}"])
    return over_the_truth(
        lines,
        "Two panels, one per function: predicted values against x, a line with a band per network, over a dotted line of true "
        "values.",
    )


def stuck(settings: Settings, fitted: Fitted) -> charts.Figure:
    """A typical run, a bad one and the worst. Three single runs of the deepest network after {setting.budgets.small} updates,
    picked by their place when {setting.seeds.num} runs are put in the order of their errors."""
    lines = {}
    for key in FUNCTIONS:
        ranked = sorted(fitted[f"small.{key}.deep"], key=lambda fit: fit.relative_error)
        ranks = {
            "median run": len(ranked) // 2,
            "one run in ten is worse": len(ranked) - 1 - len(ranked) // 10,
            "worst run": -1,
        }
        lines[str(getattr(settings, key))] = {name: [ranked[place]] for name, place in ranks.items()}
    alt = (
        "Two panels, one per function: predictions of three runs of the deepest network against x (the median run, the run "
        "that one in ten falls behind, and the worst), over a dotted line of true values."
    )
    return over_the_truth(lines, alt)


def errors(settings: Settings, metrics: Mapping[str, Any]) -> charts.Figure:
    """All errors, and how many runs are lost. Errors on a grid ten times as dense as the training points: the median of the
    runs that are not stuck, the share that is stuck, the share that is constant (a flat line), and the largest error of any
    run."""
    return listed(settings, metrics, vars(settings.budgets), "updates")


def check(settings: Settings, metrics: Mapping[str, Any]) -> charts.Figure:
    """The same networks on an interval around zero. From {setting.check_interval.first} to {setting.check_interval.last}, after
    {setting.budgets.medium} updates, with the learning rates chosen on the first interval."""
    return listed(settings, metrics, {"check": settings.budgets.medium}, "updates")


def starts(settings: Settings, metrics: Mapping[str, Any]) -> charts.Figure:
    """One network, three ways to start its weights. The deepest network on the first function after {setting.budgets.small}
    updates, each start at a learning rate of its own. Stuck runs counted when the rate was chosen, so the shares belong to
    start and rate together."""
    items = (settings.initialization, *settings.other_initializations)
    rows = [(str(item), metrics[f"starts.{type(item).__name__.lower()}"]) for item in items]
    return shown.metric_table(("start",), rows, COLUMNS)


def search(settings: Settings, chosen: Chosen) -> charts.Figure:
    """How the learning rates were chosen. Median error of the search seeds, as a share of the variance; the lowest of a line
    wins. Where that is the first or the last, a rate beyond might do with less still."""
    panels: dict[str, dict[str, charts.Series]] = {}
    for name, place in places(settings).items():
        tried, start = chosen[name], place.network.initialization
        line = titled_by_depth(place.network) if start == He() else f"{titled_by_depth(place.network)}, {start}"
        panels.setdefault(str(place.data.function), {})[line] = charts.Series(tried.candidates, [tried.losses])
    y = charts.Axis("error over variance", log=True)
    alt = "Error against the learning rate, a line for each network, a panel for each function."
    return charts.curves(panels, x=charts.Axis("learning rate", log=True), y=y, alt=alt)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

IN_A_PLOT = Margin(1e-3, "its root is a thirtieth of the target's standard deviation, about the width of a line in a plot")
VISIBLE = evidence.factor(1.25, "errors within 25 % of each other (12 % in the root) cannot be told apart in a plot of the fit")


def fits_better(left: str, than: str, number: str = "error") -> list:
    """The error is smaller by what shows, on both functions; ``number`` is ``seen`` where what no eye sees is no error."""
    return [
        evidence.smaller(left.format(key) + "." + number, than=than.format(key) + "." + number, by=VISIBLE) for key in FUNCTIONS
    ]


def both(network: str) -> str:
    """Its errors on the two functions, for a sentence."""
    return " and ".join(f"{{{network.format(key)}.error}}" for key in FUNCTIONS)


ONE_LAYER = [f"{key}.{name}" for name in ("shallow", "wide", "widest") for key in FUNCTIONS]
DEEP, MIDDLE, SHALLOW = ("large.{}." + name for name in EQUAL)
IN_SIGHT = "where errors below {setting.no_visible_error} of the variance count as that much"

WORDS = {
    "f1": "wiggle",
    "f2": "parabola",
    "small": "early",
    "large": "late",
    "deep": "{setting.networks.deep.depth} layers",
    "middle": "{setting.networks.middle.depth} layers",
    "shallow": "one layer",
    "wide": "one wide layer",
    "widest": "one very wide layer",
    "he": "He",
    "default": "PyTorch's default",
}

CLAIMS = (
    Claim(
        "S1a",
        source="original 1.1",
        headline="Of three networks of equal size, the deepest fits visibly best",
        quote=original.QUOTES["S1a"],
        says="After {setting.budgets.large} updates the deepest of three equal-sized networks fits both functions visibly "
        f"best: its typical error is {{margin}} smaller than that of either other one, {IN_SIGHT}. The errors are {both(DEEP)} "
        f"with {{setting.networks.deep.depth}} hidden layers, {both(MIDDLE)} with {{setting.networks.middle.depth}}, "
        f"{both(SHALLOW)} with {{setting.networks.shallow.depth}}.",
        holds=evidence.every(*fits_better(DEEP, MIDDLE, "seen"), *fits_better(DEEP, SHALLOW, "seen")),
        comments=Comments(
            supported="The original is right about the typical run: on both functions the deepest network leaves the smallest "
            "error that an eye can see.",
            refuted="To the eye the deepest is not best on both. On at least one function another network of the same size "
            "fits as closely, or closer.",
            inconclusive="At least one of the comparisons with the deepest network could still go either way. More runs of the "
            "other two, which have few, would settle it.",
        ),
    ),
    Claim(
        "S1b",
        source="original 1.1",
        headline="The deepest network gets stuck no more often than the shallow one",
        quote=original.QUOTES["S1b"],
        says="After {setting.budgets.small} updates the deepest network is stuck, on one function or on both, no more often "
        "than the shallow one: {stuck.deep} against {stuck.shallow} of the seeds.",
        holds=evidence.no_more_often("stuck.deep", than="stuck.shallow", why="best in every run means never stuck more often"),
        comments=Comments(
            supported="Depth costs no safety here. A single run could not have shown this: it either works or does not.",
            refuted="Depth has a price that a single run hides: {stuck.deep} of the deepest network's runs end far from the "
            "function, and {stuck.shallow} of the shallow one's.",
            inconclusive="The deepest network got stuck in {stuck.deep} of its runs, the shallow one in {stuck.shallow}: too "
            "close together for so few runs.",
        ),
    ),
    Claim(
        "S2a",
        source="original 1.1",
        headline="With one hidden layer the fit stays visibly poor, however wide",
        quote=original.QUOTES["S2a"],
        says="With one hidden layer of any width the typical error stays visible, {margin} of the variance, on both functions. "
        "After {setting.budgets.medium} updates it is "
        f"{both('medium.{}.shallow')} with {{setting.networks.shallow.num_parameters}} parameters, {both('medium.{}.wide')} "
        f"with {{setting.networks.wide.num_parameters}}, {both('medium.{}.widest')} with "
        "{setting.networks.widest.num_parameters}.",
        holds=evidence.every(*(evidence.at_least(f"medium.{place}.error", IN_A_PLOT) for place in ONE_LAYER)),
        comments=Comments(
            supported="One hidden layer does not fit these functions to the eye, at any width that we tried.",
            refuted="One hidden layer can be enough: on at least one function its typical error is too small to see in a plot.",
            inconclusive="The typical errors of one hidden layer lie too near the smallest one that an eye sees; more runs of "
            "each width would tell.",
        ),
    ),
    Claim(
        "S2b",
        source="original 1.1",
        headline="A small deep network fits visibly better than a large shallow one",
        quote=original.QUOTES["S2a"],
        says="After {setting.budgets.medium} updates the error of {setting.networks.deep.num_parameters} parameters in "
        "{setting.networks.deep.depth} hidden layers is {margin} smaller than that of "
        f"{{setting.networks.widest.num_parameters}} in {{setting.networks.widest.depth}}, {IN_SIGHT}: "
        f"{both('medium.{}.deep')}, against {both('medium.{}.widest')}.",
        holds=evidence.every(*fits_better("medium.{}.deep", "medium.{}.widest", "seen")),
        comments=Comments(
            supported="Size does not make up for layers: on both functions the widest network falls visibly short.",
            refuted="Size can make up for layers: on at least one function the widest network's fit is not visibly worse than "
            "the deepest's.",
            inconclusive="On at least one function the widest network may fall short or keep up: its few runs leave room for "
            "both.",
        ),
    ),
    Claim(
        "function-decides-depth",
        source="ours",
        headline="Which depth fits closest depends on the function",
        says="After {setting.budgets.medium} updates, for which rates were chosen, the typical error of the deepest network is "
        "{margin} smaller than the shallow one's on the first function, {medium.f1.deep.error} against "
        "{medium.f1.shallow.error}. On the second the shallow one's is that much smaller: {medium.f2.shallow.error} against "
        "{medium.f2.deep.error}.",
        holds=evidence.every(
            evidence.smaller("medium.f1.deep.error", than="medium.f1.shallow.error", by=VISIBLE),
            evidence.smaller("medium.f2.shallow.error", than="medium.f2.deep.error", by=VISIBLE),
        ),
        comments=Comments(
            supported="The deepest network fits the wiggly function more closely, the shallow one the parabola. Below what an "
            "eye sees, the function picks the winner.",
            refuted="The functions do not divide the two networks so: on at least one of them the network that we expected to "
            "lead does not.",
            inconclusive="On at least one function the two networks lie too close together, for runs that scatter so much.",
        ),
    ),
    Claim(
        "longer-buys-depth",
        source="ours",
        headline="Longer training helps the deepest network more than the shallow one",
        says="From {setting.budgets.small} to {setting.budgets.large} updates the error falls by a factor that is {margin} as "
        "large for the deepest network as for the shallow one, on both functions: {gain.f1.deep} and {gain.f2.deep}, against "
        "{gain.f1.shallow} and {gain.f2.shallow}.",
        holds=evidence.every(
            *(evidence.larger(f"gain.{key}.deep", than=f"gain.{key}.shallow", by=VISIBLE) for key in FUNCTIONS)
        ),
        comments=Comments(
            supported="Deep networks are slow starters: on both functions patience brings the deepest one more.",
            refuted="Patience is no privilege of depth: on at least one function longer training brings the deepest network "
            "less than the shallow one, or hardly more.",
            inconclusive="What longer training brings varies too widely from run to run to compare the two; more runs of the "
            "shallow network, which has fewer, would tell.",
        ),
    ),
    Claim(
        "budget-turns-order",
        source="ours",
        headline="On some function the shallow network leads early and the deepest late",
        says="On at least one function the shallow network's typical error is {margin} smaller than the deepest's after "
        "{setting.budgets.small} updates, and the deepest's that much smaller after {setting.budgets.large}. Early: "
        f"{both('small.{}.shallow')} against {both('small.{}.deep')}. Late: {both(SHALLOW)} against {both(DEEP)}.",
        holds=evidence.some(
            *(
                evidence.every(
                    evidence.smaller(f"small.{key}.shallow.error", than=f"small.{key}.deep.error", by=VISIBLE),
                    evidence.smaller(f"large.{key}.deep.error", than=f"large.{key}.shallow.error", by=VISIBLE),
                )
                for key in FUNCTIONS
            )
        ),
        comments=Comments(
            supported="On at least one function the lead changes hands, so that a report that stops early names another winner "
            "than one that waits.",
            refuted="The lead does not change hands that way: on neither function is the shallow network clearly ahead early "
            "and the deepest late.",
            inconclusive="The lead may change hands on one of the functions; at one end or the other the two are too close.",
        ),
    ),
    Claim(
        "width-lowers-error",
        source="ours",
        headline="More width alone brings the fit closer, on at least one function",
        says="On at least one function the error of {setting.networks.widest.num_parameters} parameters in one hidden layer is "
        "{margin} smaller than that of {setting.networks.shallow.num_parameters} after {setting.budgets.medium} updates: "
        f"{both('medium.{}.widest')}, against {both('medium.{}.shallow')}.",
        holds=evidence.some(*fits_better("medium.{}.widest", "medium.{}.shallow")),
        comments=Comments(
            supported="Parameters can help without a single further layer: on at least one function the wider network fits "
            "more closely.",
            refuted="A wider layer does not help here: on neither function is the widest network's error noticeably smaller.",
            inconclusive="The few runs of the widest network leave open whether its error is noticeably smaller.",
        ),
    ),
    Claim(
        "start-frees-depth",
        source="ours",
        headline="Started after He, the deepest network gets stuck less than at PyTorch's default",
        says="On the first function, after {setting.budgets.small} updates, {starts.he.stuck} of the deepest network's runs "
        "are stuck where weights start after He, and {starts.default.stuck} where they start at PyTorch's default.",
        holds=evidence.no_more_often("starts.he.stuck", than="starts.default.stuck", why="any share that is smaller counts"),
        comments=Comments(
            supported="How the weights start matters much to the deepest network: {starts.he.stuck} of its runs get stuck "
            "after He's start, {starts.default.stuck} after PyTorch's.",
            refuted="He's start does not save the deepest network: it gets stuck in {starts.he.stuck} of the runs, and in "
            "{starts.default.stuck} after PyTorch's.",
            inconclusive="The two starts differ too little for this many runs: {starts.he.stuck} get stuck after He's, "
            "{starts.default.stuck} after PyTorch's.",
        ),
    ),
    Claim(
        "check-interval",
        source="ours",
        headline="Around zero, too, the deepest network fits closer than the shallow one",
        says="Around zero the typical run of the deepest network has an error {margin} smaller than the shallow one's after "
        f"{{setting.budgets.medium}} updates, on both functions: {both('check.{}.deep')}, against {both('check.{}.shallow')}.",
        holds=evidence.every(*fits_better("check.{}.deep", "check.{}.shallow")),
        comments=Comments(
            supported="On another interval the deepest network fits both functions more closely, so that its lead there is not "
            "the interval's doing.",
            refuted="Not on both functions: on at least one the deepest network's typical error around zero is larger than the "
            "shallow one's, or hardly smaller.",
            inconclusive="Around zero the runs of the deepest network scatter too far to rank it; many more would be needed.",
        ),
    ),
)
