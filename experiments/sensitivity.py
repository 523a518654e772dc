"""Does a more sensitive network generalise worse?

A network is called sensitive if its answer changes much when the image changes a little. One network is trained with many batch
sizes, once with equal updates and once with equal epochs, and with many learning rates. Whether large batches generalise worse
is asked where training losses are equal, with each batch size at a learning rate of its own; whether sensitivity foretells the
gap, of networks that all fit their training images.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from experiments import fitted, matched_loss, original, quantities
from experiments.batches import updates_of_epochs
from experiments.fitted import Fitted, Run
from experiments.margins import TENTH_OF_A_POINT, TREND
from experiments.matched_loss import AS_PUBLISHED, SMALL_GAP, Matched
from experiments.own_rates import OwnRates
from experiments.panels import SCORE_AXES, SPLITS
from experiments.quantities import GAP_ACCURACY, GAP_LOSS, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, TRAIN_LOSS, of_training
from lab.data import MNIST
from lab.network import Network
from lab.sensitivity import Sensitivity
from lab.training import Recipe, Train
from measured import charts
from measured.evidence import Claim, Comments, Margin, Metric, Missing, Quantity, Result, Runs, Seeds, Single, Sweep, factor
from measured.evidence.tests import at_least, at_most, away_from, different, equal, every, larger
from measured.jobs import gather

TITLE = "Sensitivity to the image"


def runs_on(data: str) -> Runs:
    """What varies with the seed where the training images are those of a setting."""
    images = f"which {{setting.{data}.num_train}} training images are drawn"
    return Runs(f"initial weights, the order of images, and {images}", "the kinds of networks, and the test images")


RUNS = runs_on("data")
ALL, ALL_TEST = MNIST().sizes

# Seconds of one worker with another beside it: an update takes from 0.15 ms (16 images) to 1.8 ms (1,024), a record of 20,000
# images 0.02 s. The first line is shared with the chapter on sharpness.
#   two sweeps       8 seeds x 7 batch sizes, 1,500 updates and 15 epochs                                  8 x 10 s  =  80 s
#   third sweep      8 seeds x 6 more learning rates x 1,500 updates of 64                                48 x 0.36 s =  17 s
#   sensitivity      8 seeds x 20 networks x 3,000 images                                                160 x 0.19 s =  30 s
#   own rates        3 batch sizes x (8 trials and 12 seeds) x (4,695, 600 or 300 updates, 22 records)               =  61 s
#   networks that fit  8 seeds x 12 x (600 updates, 2,000 images)                                          8 x 7.0 s =  56 s
#   original's five  2 x 19,200 images of the CNN at 3,400/s, 3 x 300 updates, 5 sensitivities                       =  17 s


@dataclass(frozen=True)
class Settings:
    network: Network = original.DNN
    """What all sweeps train."""
    data: MNIST = MNIST(10_000)
    """Images that it is trained on. Each seed draws its own."""
    recipe: Recipe = Recipe(learning_rate=0.001, num_updates=1500, batch_size=64)
    """How it is trained, by Adam at a constant rate; each sweep varies one thing."""
    batch_sizes: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 1024)
    """Mini-batches of two sweeps, with equal updates and with equal epochs."""
    num_epochs: int = 15
    """Passes over the training images where these are equal."""
    learning_rates: tuple[float, ...] = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01)
    """Learning rates of the third sweep, with equal updates."""
    seeds: Seeds = Seeds(8)
    """Runs of each kind."""
    num_train: int = 1000
    """Training images on which sensitivity is measured."""
    num_test: int = 2000
    """Test images on which sensitivity is measured."""
    matched: Matched = Matched()
    """Batch sizes at rates of their own, compared where their training losses are equal."""
    fitted: Fitted = Fitted()
    """Networks that fit all their training images."""
    mix: original.FiveModels = original.FiveModels(num_updates=300)
    """The original's models, one run each."""

    @property
    def updates_of_epochs(self) -> tuple[int, ...]:
        """Updates at each batch size where epochs are equal."""
        return tuple(updates_of_epochs(self.data, self.num_epochs, size) for size in self.batch_sizes)


PRESETS = {
    "quick": Settings(
        data=MNIST(200),
        recipe=Recipe(0.001, num_updates=5, batch_size=16),
        batch_sizes=(16, 64),
        num_epochs=1,
        learning_rates=(0.001, 0.01),
        seeds=Seeds(2),
        num_train=50,
        num_test=50,
        matched=matched_loss.TOY,
        fitted=Fitted(MNIST(20), batch_sizes=(10,), rates=(0.003,), num_updates=60, seeds=Seeds(2), num_test=50),
        mix=original.FiveModels(MNIST(64, num_held_out=40), num_updates=3, num_examples=20),
    ),
    "standard": Settings(),
    "full": Settings(
        data=MNIST(ALL),
        recipe=Recipe(0.001, num_updates=9380, batch_size=64),
        batch_sizes=(16, 32, 64, 128, 256, 512, 1024, 4096),
        num_epochs=20,
        seeds=Seeds(10),
        num_train=ALL,
        num_test=ALL_TEST,
        matched=Matched(OwnRates(data=MNIST(ALL), least_updates=2000), seeds=Seeds(24), losses=(0.1, 0.07, 0.05)),
        fitted=Fitted(MNIST(4000), num_updates=2000, seeds=Seeds(16), num_test=ALL_TEST),
        mix=original.FiveModels(MNIST(ALL), num_updates=9380, num_examples=10_000),
    ),
}

SWEEPS = {"updates": "batch size, equal updates", "epochs": "batch size, equal epochs", "rates": "learning rate"}
LOSS = {"train": of_training(TRAIN_LOSS), "test": of_training(TEST_LOSS)}
ACCURACY = {"train": of_training(TRAIN_ACCURACY), "test": of_training(TEST_ACCURACY)}
OUTCOMES = {"test_loss": LOSS["test"], "gap_loss": of_training(GAP_LOSS), "gap_accuracy": of_training(GAP_ACCURACY)}
DEAD = Missing(why="no ratio: a network died", remedy="a lower learning rate, at which it stays alive")
MEASURES = ("probabilities", "logits", "loss")
SENSITIVITY = {of: {split: quantities.sensitivity(of, split) for split in SPLITS} for of in MEASURES}


def sweeps(settings: Settings) -> dict[str, Sweep[Run]]:
    """The runs of each sweep, which differ in one thing from the recipe."""
    sizes, rates, seeds = settings.batch_sizes, settings.learning_rates, settings.seeds
    updates = dict(zip(sizes, settings.updates_of_epochs, strict=True))

    def run(seed: int, **changes: Any) -> Run:
        training = Train(settings.network, settings.data.drawn(seed), replace(settings.recipe, **changes), seed)
        return {"training": training, "sensitivity": Sensitivity(training, settings.num_train, settings.num_test)}

    return {
        "updates": Sweep.over("batch size", sizes, seeds, lambda size, seed: run(seed, batch_size=size)),
        "epochs": Sweep.over(
            "batch size", sizes, seeds, lambda size, seed: run(seed, batch_size=size, num_updates=updates[size])
        ),
        "rates": Sweep.over("learning rate", rates, seeds, lambda rate, seed: run(seed, learning_rate=rate)),
    }


def run(settings: Settings = PRESETS["standard"]) -> Result:
    swept, matched, number = sweeps(settings), settings.matched, settings.mix.num_examples
    models = settings.mix.trainings(settings.recipe, settings.batch_sizes[-1], settings.learning_rates[-1])
    jobs = {name: {"training": model, "sensitivity": Sensitivity(model, number, number)} for name, model in models.items()}
    found, own, chosen, fitting, of_models = gather(
        (
            {name: sweep.runs for name, sweep in swept.items()},
            matched.trainings().runs,
            matched.searches(),
            settings.fitted.runs(),
            jobs,
        )
    )
    measured = {name: Sweep(swept[name].knob, runs) for name, runs in found.items()}
    metrics = {name: measured_over(runs) for name, runs in measured.items()}
    at_one_rate = {name: measured[name] for name in ("updates", "epochs")}
    for name, runs in at_one_rate.items():
        metrics[name]["at_loss"] = matched_loss.over_sizes(runs, matched.sweep_losses, LOSS["train"], OUTCOMES["gap_loss"])
    metrics["own"] = matched.compared(own)
    metrics["fitted"] = fitted.summary(fitting)
    first, fourth = (SENSITIVITY["loss"]["test"].of(of_models[name]) for name in ("1: CNN", "4: DNN"))
    metrics["mix"] = {"ratio": Single.once(fourth / first) if first else DEAD}
    figures = charts.drawn(gap_by_loss, at_one_rate) | charts.drawn(matched_loss.own_rates, matched, own)
    figures |= charts.drawn(matched_loss.rates_tried, chosen) | charts.drawn(fitted.networks_that_fit, fitting)
    figures |= charts.drawn(correlations, metrics) | charts.drawn(mix, models, of_models)
    for name, runs in measured.items():
        figures |= charts.drawn(sweep, runs, SWEEPS[name], variant=name)
    return Result(metrics, figures)


def measured_over(sweep: Sweep[Run]) -> dict[str, Any]:
    """What is said of one sweep: of its ends, of the whole of it, and of what goes with what."""
    on_test = {of: by_split["test"] for of, by_split in SENSITIVITY.items()}
    return {
        "accuracy": sweep.ends(ACCURACY["test"]),
        "change": sweep.change(on_test["loss"]),
        "trend": {of: sweep.correlation(item) for of, item in on_test.items()},
        "rank": {of: {key: sweep.correlation(item, other) for key, other in OUTCOMES.items()} for of, item in on_test.items()},
    }


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def sweep(runs: Sweep[Run], title: str) -> charts.Figure:
    """Loss, accuracy and sensitivity against the {title}. Network {setting.network}; sensitivity is the mean over
    {setting.num_train} training and {setting.num_test} test images. A point where a network died is left out."""

    def lines(by_split: Mapping[str, Quantity], of: str = "") -> dict[str, dict[float, Metric]]:
        return {f"{of}{SPLITS[split]}": runs.points(quantity) for split, quantity in by_split.items()}

    norm, of_loss = charts.Axis("norm, per unit of a pixel", log=True), lines(SENSITIVITY["loss"], "loss, ")
    panels = {
        "loss": lines(LOSS),
        "accuracy": lines(ACCURACY),
        "sensitivity of probabilities and loss": lines(SENSITIVITY["probabilities"], "probabilities, ") | of_loss,
        "sensitivity of the logits": lines(SENSITIVITY["logits"]),
    }
    y = {panel: SCORE_AXES.get(panel, norm) for panel in panels}
    alt = f"Loss, accuracy and sensitivity on training and test images against the {title}, a panel for each."
    return charts.trend(panels, x=charts.Axis(runs.knob, log=True), y=y, alt=alt)


def gap_by_loss(sweeps: Mapping[str, Sweep[Run]]) -> charts.Figure:
    """Gap and test accuracy against training loss: a dot per run. All batch sizes and seeds of the two sweeps at one learning
    rate; further left, the training images are fitted more closely. The gap is test minus training loss."""
    panels = {
        panel: {
            SWEEPS[name]: [(LOSS["train"].of(run), item.of(run)) for runs in sweep.runs.values() for run in runs]
            for name, sweep in sweeps.items()
        }
        for panel, item in (("gap of the loss", OUTCOMES["gap_loss"]), ("accuracy", ACCURACY["test"]))
    }
    alt = "Gap of the loss, and accuracy on test images, against training loss: a dot per run, a colour for each sweep."
    y = {"gap of the loss": OUTCOMES["gap_loss"], "accuracy": ACCURACY["test"]}
    return charts.scatter(panels, x=charts.Axis("training loss (nats)", log=True), y=y, alt=alt)


def correlations(metrics: Mapping[str, Any]) -> charts.Figure:
    """How sensitivity goes with the test loss and the gaps, sweep by sweep. Spearman's rank correlation per seed, over
    {setting.batch_sizes.num} batch sizes or {setting.learning_rates.num} learning rates; sensitivity on test images. One: the
    two rise together; minus one: one falls as the other rises."""
    columns = ("with the test loss", "with the gap of the loss", "with the gap of the accuracy")
    ranks = {name: metrics[name]["rank"] for name in SWEEPS}
    rows = [(SWEEPS[name], of, *found.values()) for name, measures in ranks.items() for of, found in measures.items()]
    return charts.table(("what varies", "sensitivity of the", *columns), rows)


def mix(models: Mapping[str, Train], runs: Mapping[str, Run]) -> charts.Figure:
    """Five models as the original mixes them, one run each. {setting.mix.num_updates} updates on the same
    {setting.mix.data.num_train} images; sensitivity on {setting.mix.num_examples} training and as many test images."""
    rows = []
    for name, model in models.items():
        network, recipe = model.network, model.recipe
        described = (f"{name}, {network}", network.num_parameters, recipe.batch_size or 0, f"{recipe.learning_rate:g}")
        for split, title in SPLITS.items():
            numbers = (by_split[split] for by_split in (ACCURACY, LOSS, *SENSITIVITY.values()))
            rows.append((*described, title, *(Single.once(item.of(runs[name]), item.unit) for item in numbers)))
    columns = ("model", "parameters", "batch", "rate", "images", "accuracy", "loss")
    return charts.table((*columns, *(f"sensitivity, {of}" for of in SENSITIVITY)), rows)


# ---------------------------------------------------------------------------------------------------------------------
# Claims

TENTH_MORE = factor(1.1, "a change by less than a tenth is hard to see on a logarithmic axis")
WIDEN = "widen the gap of the loss", "widen the gap of the loss by {margin}", "gap_loss", SMALL_GAP
MISREAD = "misread more unseen images", "misread unseen images {margin} as often", "error", AS_PUBLISHED
WHAT = {"gap_loss": "the gap of the loss", "error": "the share of new images misread"}
EQUAL = {"at_loss": "where training losses are equal", "at_epochs": "after equally many epochs"}


def in_all(number: str) -> str:
    """What is said of each sweep, in words; a star stands for its name."""
    return ", ".join(f"{number.replace('*', name)} ({title})" for name, title in SWEEPS.items())


def large_batches(id: str, equal: str, do: str, by_margin: str, what: str, by: Margin) -> Claim:
    """What the largest batch does to a number, against the smallest, each at its own rate."""
    first, last = (f"{{own.{equal}.{what}.{end}}}" for end in ("first", "last"))
    at = "training loss" if equal == "at_loss" else "epochs"
    found = f"{WHAT[what]} is {first} with the small batch and {last} with the large one"
    return Claim(
        id,
        source="original 3.3, part 2",
        headline=f"At their own rate and equal {at}, large batches {do}",
        quote=original.QUOTES["S15c"],
        says="Each batch size at its own rate, batches of {setting.matched.batch_sizes.last} instead of "
        f"{{setting.matched.batch_sizes.first}} {by_margin} {EQUAL[equal]}: from {first} to {last}.",
        comments=Comments(
            supported=f"They do: {found}.",
            refuted=f"They do not, by an amount that counts: {found}.",
            inconclusive=f"Perhaps: {found}. The likely range holds both a difference that counts and none.",
        ),
        holds=larger(f"own.{equal}.{what}.last", than=f"own.{equal}.{what}.first", by=by, paired=True),
        runs=runs_on("matched.own.data"),
    )


WORDS = {
    "updates": "equal updates",
    "epochs": "equal epochs",
    "rates": "learning rates",
    "first": "smallest",
    "last": "largest",
}

CLAIMS = (
    Claim(
        "S15a",
        source="original 3.3, part 2",
        headline="Batch size and learning rate change performance",
        quote=original.QUOTES["S15a"],
        says="From the smallest to the largest value the test accuracy changes by {margin}: "
        f"{in_all('from {*.accuracy.first} to {*.accuracy.last}')}.",
        comments=Comments(
            supported="They do in all three sweeps. With the largest batch the test accuracy is {updates.accuracy.last} at "
            "equal updates and {epochs.accuracy.last} at equal epochs: what you hold equal matters.",
            refuted="In at least one of the three sweeps the two ends perform alike. With the largest batch the test accuracy "
            "is {updates.accuracy.last} at equal updates and {epochs.accuracy.last} at equal epochs.",
            inconclusive="In at least one of the three sweeps the two ends are too close to call. With the largest batch the "
            "test accuracy is {updates.accuracy.last} at equal updates and {epochs.accuracy.last} at equal epochs.",
        ),
        holds=every(
            *(different(f"{at}.accuracy.last", to=f"{at}.accuracy.first", by=TENTH_OF_A_POINT, paired=True) for at in SWEEPS)
        ),
    ),
    Claim(
        "S15b",
        source="original 3.3, part 2",
        headline="Batch size and learning rate change sensitivity",
        quote=original.QUOTES["S15b"],
        says="From the smallest to the largest value the sensitivity of the loss on test images changes by {margin}; it "
        f"is multiplied by {in_all('{*.change}')}.",
        comments=Comments(
            supported="They do in all three sweeps. From the smallest batch to the largest, sensitivity is multiplied by "
            "{updates.change} at equal updates, and by {epochs.change} at equal epochs.",
            refuted="In at least one of the three sweeps the two ends are about as sensitive. From the smallest batch to the "
            "largest it is multiplied by {updates.change} at equal updates, and by {epochs.change} at equal epochs.",
            inconclusive="In at least one of the three sweeps the ends are too close to call. From the smallest batch to the "
            "largest it is multiplied by {updates.change} at equal updates, and by {epochs.change} at equal epochs.",
        ),
        holds=every(*(away_from(f"{name}.change", none=1, by=TENTH_MORE) for name in SWEEPS)),
    ),
    Claim(
        "gap-is-training-loss",
        source="ours",
        headline="At equal training loss the gap is the same, whatever batch got there",
        says="At one learning rate, the gaps of the loss at equal updates and at equal epochs differ by {margin} where "
        "training losses are equal: {updates.at_loss.first} and {epochs.at_loss.first} at a loss of "
        "{setting.matched.sweep_losses.first}, {updates.at_loss.last} and {epochs.at_loss.last} at "
        "{setting.matched.sweep_losses.last}.",
        comments=Comments(
            supported="At the lower training loss the gap is {updates.at_loss.last} at equal updates and "
            "{epochs.at_loss.last} at equal epochs. So the gap tells how closely the images were fitted.",
            refuted="There is more in the gap than fitting. At the lower training loss it is {updates.at_loss.last} at equal "
            "updates and {epochs.at_loss.last} at equal epochs.",
            inconclusive="Nearly, it seems: at the lower training loss the gap is {updates.at_loss.last} at equal updates and "
            "{epochs.at_loss.last} at equal epochs. More seeds would tell whether that is the same.",
        ),
        holds=every(
            *(
                equal(f"updates.at_loss.{end}", to=f"epochs.at_loss.{end}", within=SMALL_GAP, paired=True)
                for end in ("first", "last")
            )
        ),
    ),
    large_batches("S15c", "at_loss", *WIDEN),
    large_batches("S15d", "at_loss", *MISREAD),
    large_batches("S15e", "at_epochs", *WIDEN),
    large_batches("S15f", "at_epochs", *MISREAD),
    Claim(
        "updates-not-batch",
        source="ours",
        headline="Larger batches make logits more sensitive at equal updates, and less at equal epochs",
        says="With the batch size, the sensitivity of the logits rises at equal updates and falls at equal epochs: rank "
        "correlations {updates.trend.logits} and {epochs.trend.logits}, where {margins[0]} is a rise and {margins[1]} a fall.",
        comments=Comments(
            supported="The same batches, and the order turns around: rank correlations of {updates.trend.logits} and "
            "{epochs.trend.logits}. What you hold equal decides.",
            refuted="The order does not turn around like that: rank correlations of {updates.trend.logits} at equal updates, "
            "and {epochs.trend.logits} at equal epochs.",
            inconclusive="Rank correlations of {updates.trend.logits} at equal updates and {epochs.trend.logits} at equal "
            "epochs: one of them is too near the margin to call.",
        ),
        holds=every(at_least("updates.trend.logits", TREND), at_most("epochs.trend.logits", -TREND)),
    ),
    Claim(
        "sensitivity-and-gap",
        source="Novak et al. 2018",
        headline="Of networks that fit all their training images, the more sensitive has the larger gap",
        says="Among networks that read all their training images, the sensitivity of the probabilities on test images and the "
        "gap of the accuracy rise together, with a rank correlation of {margin}: {fitted.rank}, over "
        "{setting.fitted.num_networks} kinds of networks.",
        published='the Jacobian norm "correlates well with generalization" over thousands of networks (abstract; the paper '
        "shows scatter plots, no table).",
        comments=Comments(
            supported="The two go together: rank correlation {fitted.rank}. Without a single new label, sensitivity says much "
            "about which of these networks reads more new images.",
            refuted="The two do not go together that closely: rank correlation {fitted.rank}.",
            inconclusive="The rank correlation is {fitted.rank}: too near the margin to say that the two go together.",
        ),
        holds=at_least("fitted.rank", TREND),
        runs=runs_on("fitted.data"),
    ),
    Claim(
        "sensitivity-and-test-loss",
        source="ours",
        headline="However a network is trained, more sensitivity means more test loss",
        says="Over each sweep, the sensitivity of the probabilities on test images and the test loss rise together, with a "
        f"rank correlation of {{margin}}: {in_all('{*.rank.probabilities.test_loss}')}.",
        comments=Comments(
            supported="In all sweeps: over batch sizes the rank correlation is {updates.rank.probabilities.test_loss} at "
            "equal updates, and {epochs.rank.probabilities.test_loss} at equal epochs.",
            refuted="Not in all sweeps: over batch sizes the rank correlation is {updates.rank.probabilities.test_loss} at "
            "equal updates, and {epochs.rank.probabilities.test_loss} at equal epochs.",
            inconclusive="Over batch sizes the rank correlation is {updates.rank.probabilities.test_loss} at equal updates and "
            "{epochs.rank.probabilities.test_loss} at equal epochs: in one sweep at least, too near the margin to call.",
        ),
        holds=every(*(at_least(f"{sweep}.rank.probabilities.test_loss", TREND) for sweep in SWEEPS)),
    ),
)
