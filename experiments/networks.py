"""What chapters show of a network in the same way: its name, its layers, its filters, its learning rate and what it reaches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from experiments import original
from experiments.panels import SCORE_AXES, SPLITS
from lab.models import CNN
from lab.network import Network
from lab.trained import Training
from measured import charts
from measured.evidence import Quantity


@dataclass(frozen=True)
class Trio:
    """Networks with one, two and three convolutions and nearly the same number of parameters."""

    one: CNN
    two: CNN
    three: CNN

    @property
    def flop_ratio(self) -> float:
        """Arithmetic of the deepest over that of the shallowest."""
        return self.three.num_flops / self.one.num_flops


MNIST_TRIO = Trio(CNN(original.IMAGE, (9,), (136,), 10), original.CNN_16_36, CNN(original.IMAGE, (16, 36, 110), (128,), 10))
DIGITS_TRIO = Trio(  # the same filters as far as images of 8 x 8 allow, and hidden units that bring all three to the same size
    CNN((1, 8, 8), (9,), (237,), 10),
    CNN((1, 8, 8), (16, 36), (143,), 10),
    CNN((1, 8, 8), (16, 26, 34), (89,), 10),
)


def titled(network: Network) -> str:
    """A network as figures name it, with its number of parameters."""
    return f"{network} ({network.num_parameters:,})"


def layer_table(networks: Iterable[Network]) -> charts.Figure:
    """All layers of the networks, in their order."""
    rows = [
        (str(network), layer.description, " × ".join(map(str, layer.output_shape)), layer.num_parameters)
        for network in networks
        for layer in network.layers
    ]
    return charts.table(("network", "layer", "output", "parameters"), rows)


def metric_table(heading: Sequence[str], groups: Iterable[Sequence[Any]], quantities: Sequence[Quantity]) -> charts.Figure:
    """Quantities in columns: a row for each group of metrics, which stands behind the words for it."""
    rows = [(*words, *(metrics[item.name] for item in quantities)) for *words, metrics in groups]
    return charts.table((*heading, *(item.title for item in quantities)), rows)


def search_table(heading: Sequence[str], searches: Sequence[Sequence[Any]], rate: str) -> charts.Figure:
    """The loss of every candidate in every search; a search stands behind the words for it, ``rate`` says what is tried."""
    columns = (*heading, *(f"{rate} {candidate:g}" for candidate in searches[0][-1].candidates))
    return charts.table(columns, [(*words, *map(float, found.losses)) for *words, found in searches])


def over_updates(
    networks: Mapping[str, Network], trained: Mapping[str, Sequence[Training]], score: Literal["loss", "accuracy"]
) -> charts.Figure:
    """Loss or accuracy on the fixed samples of histories."""
    scale, y = 100 if score == "accuracy" else 1, SCORE_AXES[score]

    def history(name: str, split: str) -> charts.Series:
        runs = trained[name]
        return charts.Series(runs[0].steps, [scale * getattr(run, f"{split}_{score}") for run in runs])

    return charts.curves(
        {
            panel: {titled(network): history(name, split) for name, network in networks.items()}
            for split, panel in SPLITS.items()
        },
        x=charts.Axis("updates", log=True),
        y=y,
        alt=f"{y.title} against updates, a line per network, training images left, test images right.",
    )


def first_filters(network: CNN, weights: Mapping[str, Any]) -> charts.Figure:
    """The filters of the first convolution at named moments of a training."""
    grids = {when: [picture[0] for picture in network.named_weights(flat)["0.weight"]] for when, flat in weights.items()}
    alt = f"Small pictures, one per filter of the first layer: {' and '.join(weights)}."
    return charts.images(grids, columns=8, alt=alt)


def second_filters(network: CNN, weights: Mapping[str, Any]) -> charts.Figure:
    """The filters of the second convolution for its first two input channels, at named moments of a training."""
    grids = {
        f"input channel {channel}, {when}": [picture[channel] for picture in network.named_weights(flat)["3.weight"]]
        for channel in (0, 1)
        for when, flat in weights.items()
    }
    alt = f"Small pictures, one per filter of the second layer, for two of its input channels: {' and '.join(weights)}."
    return charts.images(grids, columns=9, alt=alt)


def networks() -> charts.Figure:
    """Our networks with exactly the original's ten numbers of parameters. Pooling follows each convolution."""
    rows = [
        (number, word, of.num_parameters, str(of), f"{of.pool} × {of.pool}", kind)
        for number, (word, of, kind) in enumerate(original.TEN, start=1)
    ]
    return charts.table(("number", "the original calls it", "parameters", "our network", "pooling", "kind"), rows)
