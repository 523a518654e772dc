"""At equal parameter count, does depth fit a function better?

Three ReLU networks with 571 or 572 parameters and seven, four or one hidden layer fit the seed report's two functions of one
variable. Beside them stand one-layer networks with four and sixteen times the parameters, so that the claim that parameters do
not help without layers can fail. Every network gets the same number of updates on all points at once, and its own learning rate,
chosen on seeds that are not reported.
"""

from dataclasses import dataclass

import numpy as np

from experiments import original
from lab.functions import Function, FunctionSamples, SincPlusSine, SincPlusSquare
from lab.models import MLP
from lab.training import Outputs, Predict, Recipe, Training, TrainStack, tuned
from measured import charts
from measured.evidence import Claim, Comments, Metric, Result, every, no_more_often, times_equal, times_smaller
from measured.jobs import gather

# Seconds of one worker with another beside it, measured, for 1,000 updates: blocks of ten seeds of the deep, middle and shallow network
# 4.6, 3.1 and 2.9, of five seeds of 1-760-1 and 1-3040-1 4.1 and 7.4; searches of three seeds 3.3, 2.2, 1.9, and of two 1.8 and 3.0.
#   reported runs   2 functions x 2 blocks x 22.1 s        =  88 s
#   check interval  2 functions x 1 block x 10.6 s         =  21 s
#   learning rates  2 functions x 3 candidates x 12.2 s    =  73 s


@dataclass(frozen=True)
class Settings:
    functions: tuple[Function, ...] = (SincPlusSine(), SincPlusSquare())
    """What is fitted; sinc(x) is sin(πx)/(πx), and 1 at 0."""
    interval: tuple[float, float] = (0.01, 10.0)
    """Where it is fitted. The seed report names no interval."""
    check_interval: tuple[float, float] = (-5.0, 5.0)
    """A second interval, around the point where sin(πx)/(πx) is 0/0 and must be 1."""
    num_points: int = 100
    """Equally spaced training points; errors are measured on a grid ten times as dense."""
    num_updates: int = 1000
    """Updates of Adam on all points, with the learning rate decayed to zero along half a cosine."""
    learning_rates: tuple[float, ...] = (0.003, 0.01, 0.03)
    """Candidates, of which each network gets the one with the lowest median error on each function."""
    seeds: tuple[int, ...] = tuple(range(20))
    """Reported runs of the three networks of equal size."""
    wide_seeds: tuple[int, ...] = tuple(range(10))
    """Reported runs of the two wider networks."""
    check_seeds: tuple[int, ...] = tuple(range(10))
    """Reported runs on the check interval."""
    search_seeds: tuple[int, ...] = (100, 101, 102)
    """Runs that choose the learning rate, and are not reported; of the two wider networks, which vary little, all but the last."""


PRESETS = {
    "quick": Settings(
        num_points=20,
        num_updates=20,
        learning_rates=(0.01,),
        seeds=(0, 1),
        wide_seeds=(0, 1),
        check_seeds=(0, 1),
        search_seeds=(100, 101),
    ),
    "standard": Settings(),
    "full": Settings(
        num_points=256,
        num_updates=20_000,
        learning_rates=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
        seeds=tuple(range(40)),
        wide_seeds=tuple(range(40)),
        check_seeds=tuple(range(40)),
        search_seeds=tuple(range(100, 110)),
    ),
}

NETWORKS = {
    "deep": original.DEEP,
    "middle": original.MIDDLE,
    "shallow": original.SHALLOW,
    "wide": MLP(1, (760,), 1),
    "widest": MLP(1, (3040,), 1),
}
EQUAL_SIZE = ("deep", "middle", "shallow")
SHORT = ("f1", "f2")
SEEDS_IN_A_BLOCK = {"deep": 10, "middle": 10, "shallow": 10, "wide": 5, "widest": 5}
CONSTANT_SPREAD = 0.01
"""A prediction counts as constant where its standard deviation over the interval is below this share of the target's."""


def title(name: str) -> str:
    """A network as the page names it: its widths and its number of parameters."""
    network = NETWORKS[name]
    return f"{network} ({network.num_parameters:,})"


def blocks(
    name: str, function: Function, interval: tuple[float, float], seeds: tuple[int, ...], settings: Settings
) -> list[TrainStack]:
    """The reported trainings of one network, in blocks of seeds whose size does not depend on the machine."""
    points = FunctionSamples(function, *interval, num_train=settings.num_points, num_test=10 * settings.num_points)
    tuning = FunctionSamples(function, *settings.interval, num_train=settings.num_points, num_test=10 * settings.num_points)
    recipe = Recipe(settings.learning_rates[0], settings.num_updates, batch_size=None, schedule="cosine")
    shares = (0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    record_at = tuple(sorted({round(share * settings.num_updates) for share in shares}))
    search_seeds = settings.search_seeds if name in EQUAL_SIZE else settings.search_seeds[:-1]
    size = SEEDS_IN_A_BLOCK[name]
    stacks = [
        TrainStack(NETWORKS[name], points, recipe, seeds[start : start + size], record_at=record_at)
        for start in range(0, len(seeds), size)
    ]
    return [tuned(stack, settings.learning_rates, seeds=search_seeds, data=tuning) for stack in stacks]


@dataclass(frozen=True)
class Fits:
    """All reported runs of one network on one function, one row a seed."""

    steps: np.ndarray
    train_loss: np.ndarray
    test_loss: np.ndarray
    x: np.ndarray
    truth: np.ndarray
    predictions: np.ndarray

    @classmethod
    def joined(cls, trainings: list[Training], outputs: list[Outputs]) -> "Fits":
        return cls(
            trainings[0].steps,
            np.concatenate([item.train_loss for item in trainings]),
            np.concatenate([item.final_test_loss for item in trainings]),
            outputs[0].inputs[:, 0],
            outputs[0].targets[:, 0],
            np.concatenate([item.outputs[..., 0] for item in outputs]).astype(np.float64),
        )

    @property
    def is_constant(self) -> np.ndarray:
        return self.predictions.std(axis=1) < CONSTANT_SPREAD * self.truth.std()

    @property
    def gain_of_last_tenth(self) -> np.ndarray:
        """Training loss with nine tenths of the updates made, over the loss at the end."""
        before = int(np.argmin(np.abs(self.steps - 0.9 * self.steps[-1])))
        return self.train_loss[:, before] / self.train_loss[:, -1]


def run(settings: Settings = PRESETS["standard"]) -> Result:
    functions = dict(zip(SHORT, settings.functions, strict=True))
    jobs = {}
    for short, function in functions.items():
        for name in NETWORKS:
            seeds = settings.seeds if name in EQUAL_SIZE else settings.wide_seeds
            jobs[short, name] = blocks(name, function, settings.interval, seeds, settings)
            if name in EQUAL_SIZE:
                jobs[f"{short}_check", name] = blocks(name, function, settings.check_interval, settings.check_seeds, settings)
    searches = {key: stacks[0].tuned_by for key, stacks in jobs.items()}
    predictions = {key: [Predict(of=stack) for stack in stacks] for key, stacks in jobs.items()}
    trained, answers, chosen = gather((jobs, predictions, searches))
    fits = {key: Fits.joined(trained[key], answers[key]) for key in jobs}

    metrics = {f"params_{name}": Metric(network.num_parameters) for name, network in NETWORKS.items()}
    metrics |= {
        "num_updates": Metric(settings.num_updates),
        "constant_spread": Metric(CONSTANT_SPREAD, "%"),
        "size_ratio": Metric(NETWORKS["widest"].num_parameters / NETWORKS["shallow"].num_parameters),
    }
    for (where, name), fit in fits.items():
        metrics[f"mse_{name}_{where}"] = Metric.over_seeds(fit.test_loss, summary="median")
        metrics[f"relative_{name}_{where}"] = Metric.over_seeds(fit.test_loss / fit.truth.var(), summary="median")
        metrics[f"worst_{name}_{where}"] = Metric.once(np.max(fit.test_loss / fit.truth.var()))
        metrics[f"constant_{name}_{where}"] = Metric.share(fit.is_constant)
        metrics[f"gain_{name}_{where}"] = Metric.over_seeds(fit.gain_of_last_tenth, summary="median")
    for where in SHORT:
        metrics[f"variance_{where}"] = Metric(float(fits[where, "deep"].truth.var()))
    # A seed starts at the same weights on both functions, so it counts once.
    for name in EQUAL_SIZE:
        metrics[f"constant_{name}"] = Metric.share(np.any([fits[where, name].is_constant for where in SHORT], axis=0))

    return Result(metrics, _figures({short: str(function) for short, function in functions.items()}, fits, chosen, metrics))


def _figures(functions: dict, fits: dict, chosen: dict, metrics: dict) -> dict:
    on_main = {short: {name: fits[short, name] for name in NETWORKS} for short in functions}
    seeds_text = f"{len(fits['f1', 'deep'].test_loss)} seeds of the networks of equal size, {len(fits['f1', 'wide'].test_loss)} of the wider ones"
    layers = [
        (str(network), layer.description, " × ".join(map(str, layer.output_shape)), layer.num_parameters)
        for network in NETWORKS.values()
        for layer in network.layers
    ]
    return {
        "networks": charts.table(
            ("network", "hidden layers", "parameters", "multiply-adds a point", *(f"learning rate for {function}" for function in functions.values())),
            [
                (str(network), network.depth, network.num_parameters, network.num_flops // 2,
                 *(f"{chosen[short, name].learning_rate:g}" for short in functions))
                for name, network in NETWORKS.items()
            ],
            caption="The five networks. The learning rate is the candidate with the lowest median error on the search seeds.",
        ),
        "layers": charts.table(
            ("network", "layer", "output", "parameters"), layers, caption="All layers. ReLU follows each but the last of a network.",
        ),
        "loss": charts.curves(
            {
                functions[short]: {title(name): charts.Series(fit.steps, fit.train_loss) for name, fit in of_function.items()}
                for short, of_function in on_main.items()
            },
            x="updates", y=charts.Axis("mean squared error", log=True),
            caption=f"Training loss of all models: median and the middle 80 % of {seeds_text}; float32, all points in every update.",
            alt="Training loss against updates on a logarithmic scale, one line a network, one panel a function.",
        ),
        "predictions": charts.curves(
            {
                functions[short]: {
                    title(name): charts.Series(fit.x[::5], fit.predictions[:, ::5]) for name, fit in of_function.items()
                } | {"truth": charts.Series(fits[short, "deep"].x[::5], [fits[short, "deep"].truth[::5]])}
                for short, of_function in on_main.items()
            },
            x="x", y="y", reference="truth",
            limits={functions[short]: _limits(fits[short, "deep"].truth) for short in functions},
            caption=f"Predictions of all models over the truth: median and the middle 80 % of {seeds_text}.",
            alt="Predicted values of each network and true values against x, one panel a function.",
        ),
        "errors": charts.table(
            ("function", "network", "mean squared error", "over the target's variance", "constant predictors", "gain of the last tenth"),
            [
                (functions[short], str(NETWORKS[name]), metrics[f"mse_{name}_{short}"], metrics[f"relative_{name}_{short}"],
                 _count_of(fit.is_constant), metrics[f"gain_{name}_{short}"])
                for short, of_function in on_main.items() for name, fit in of_function.items()
            ],
            caption="Errors on the dense grid: medians over seeds with exact 95 % intervals. The last column is the training loss after nine "
                    "tenths of the updates over the loss at the end: 1 means that the last tenth gained nothing.",
        ),
        "check": charts.table(
            ("function", "network", "mean squared error", "over the target's variance", "constant predictors"),
            [
                (functions[short], str(NETWORKS[name]), metrics[f"mse_{name}_{short}_check"], metrics[f"relative_{name}_{short}_check"],
                 _count_of(fits[f"{short}_check", name].is_constant))
                for short in functions for name in EQUAL_SIZE
            ],
            caption=f"The same on the check interval, with the learning rates chosen on the first, over {len(fits['f1_check', 'deep'].test_loss)} seeds.",
        ),
        "search": charts.table(
            ("function", "network", *(f"rate {rate:g}" for rate in chosen["f1", "deep"].candidates)),
            [
                (functions[short], str(NETWORKS[name]), *map(float, chosen[short, name].losses))
                for short in functions for name in NETWORKS
            ],
            caption="How the learning rates were chosen: median error of the search seeds. Where the first or the last is the lowest, a "
                    "wider search might find a better one.",
        ),
    }  # fmt: skip


def _limits(truth: np.ndarray) -> tuple[float, float]:
    margin = 0.1 * float(np.ptp(truth))
    return float(truth.min()) - margin, float(truth.max()) + margin


def _count_of(flags: np.ndarray) -> str:
    return f"{int(flags.sum())} of {len(flags)}"


VISIBLE = 1.25
VISIBLE_WHY = "errors within 25 % of each other (12 % in the root) cannot be told apart in a plot of the fit"


def _fits_better(left: str, than: str):
    return [
        times_smaller(f"mse_{left}_{where}", than=f"mse_{than}_{where}", factor=VISIBLE, why=VISIBLE_WHY) for where in SHORT
    ]


CLAIMS = (
    Claim(
        "S1a",
        source="seed 1.1",
        headline="Of three networks of equal size the deepest fits best: the typical run",
        quote=original.QUOTES["S1a"],
        says="The typical run of the deepest of three equal-sized networks fits both functions best: median errors {mse_deep_f1} and "
        "{mse_deep_f2}, against {mse_middle_f1} and {mse_middle_f2} with four hidden layers, {mse_shallow_f1} and {mse_shallow_f2} with one.",
        holds=every(*_fits_better("deep", "middle"), *_fits_better("deep", "shallow")),
        comments=Comments(
            supported="The typical run bears the seed out on both functions, each network at its own learning rate; the seed compared single runs.",
            refuted="Too general: on at least one function another network comes as close as the eye can tell, or closer. The seed compared single runs.",
            inconclusive='Open: at least one of the comparisons that "best" needs could go either way with these seeds. The seed compared single runs.',
        ),
    ),
    Claim(
        "S1b",
        source="seed 1.1",
        headline="Of three networks of equal size the deepest fits best: how often it gets stuck",
        quote=original.QUOTES["S1b"],
        says="The deepest network is stuck at a constant, on one of the functions or on both, no more often than the shallow one: "
        "{constant_deep} against {constant_shallow} of the seeds.",
        holds=no_more_often(
            "constant_deep",
            than="constant_shallow",
            why="best in every run, not only in the typical one, means never stuck more often",
        ),
        comments=Comments(
            supported="Depth costs no reliability here; one run each, as in the seed, could not have shown how often a network gets stuck.",
            refuted="Depth has a price that single runs hide: the deepest network more often gets stuck at a constant, having learned nothing.",
            inconclusive="The shares of stuck runs, {constant_deep.short} deep and {constant_shallow.short} shallow, cannot be told apart with these seeds; single runs say even less.",
        ),
    ),
    Claim(
        "S2a",
        source="seed 1.1",
        headline="Parameters do not help without layers: wider alone changes nothing visible",
        quote=original.QUOTES["S2a"],
        says="{size_ratio} times the parameters in one hidden layer change the error by less than a quarter: {mse_widest_f1} and "
        "{mse_widest_f2} with {params_widest}, {mse_shallow_f1} and {mse_shallow_f2} with {params_shallow}.",
        holds=every(
            *(times_equal(f"mse_widest_{where}", to=f"mse_shallow_{where}", factor=VISIBLE, why=VISIBLE_WHY) for where in SHORT)
        ),
        comments=Comments(
            supported="Width alone changes nothing that the eye can see here; the seed's own networks, all of one size, could not tell.",
            refuted="On at least one function width alone changes the fit visibly, for better or worse; the seed's own networks, all of one size, could not tell.",
            inconclusive="The seed's own networks, all of one size, could not tell; these wider ones leave it open on at least one function.",
        ),
    ),
    Claim(
        "S2b",
        source="seed 1.1",
        headline="Parameters do not help without layers: the widest is worse than the deepest",
        quote=original.QUOTES["S2a"],
        says="With one hidden layer, even {params_widest} parameters fit worse than {params_deep} in seven layers: {mse_widest_f1} and "
        "{mse_widest_f2}, against {mse_deep_f1} and {mse_deep_f2}.",
        holds=every(*_fits_better("deep", "widest")),
        comments=Comments(
            supported="Here size does not make up for layers: on both functions the widest network falls visibly short. Other functions and budgets may differ.",
            refuted="Not in general: on at least one function {params_widest} parameters in one layer fit no visibly worse than the deepest network.",
            inconclusive="Open on at least one function: neither that size makes up for layers nor that it does not is shown.",
        ),
    ),
    Claim(
        "check-interval",
        source="ours",
        headline="The deepest fits better than the shallow one on a second interval",
        says="On the interval around zero the typical run of the deepest network fits better than the shallow one: {mse_deep_f1_check} and "
        "{mse_deep_f2_check}, against {mse_shallow_f1_check} and {mse_shallow_f2_check}.",
        holds=every(
            *(
                times_smaller(f"mse_deep_{where}_check", than=f"mse_shallow_{where}_check", factor=VISIBLE, why=VISIBLE_WHY)
                for where in SHORT
            )
        ),
    ),
)
