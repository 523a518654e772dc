"""Initialisations have the spread that their authors give, and leave a signal as large as they say."""

from dataclasses import replace

import pytest
import torch

from lab.initializations import Default, Glorot, He
from lab.models import MLP

WIDE = MLP(1, (400, 400, 400, 400), 1)
BOUNDS = {Default(): 400**-0.5, He(): (6 / 400) ** 0.5, Glorot(): (6 / 800) ** 0.5}


@pytest.mark.parametrize("start, bound", BOUNDS.items(), ids=str)
def test_weights_are_uniform_up_to_the_bound(start, bound):
    """Of a layer of 400 by 400; no weight is beyond, the largest are close, and the variance is that of a uniform number."""
    weight = replace(WIDE, initialization=start).build(3).state_dict()["3.weight"]
    assert 0.999 * bound < float(weight.abs().max()) <= bound * (1 + 1e-6)
    assert float(weight.var()) == pytest.approx(bound**2 / 3, rel=0.01)


def test_default_is_what_networks_start_from_that_do_not_say():
    """Bit by bit."""
    plain, said = WIDE.build(5), replace(WIDE, initialization=Default()).build(5)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), said.parameters(), strict=True))


def test_one_seed_starts_in_one_direction():
    """Layer by layer the weights of a seed differ in scale alone; biases are the same, or none."""
    default, he, glorot = (replace(WIDE, initialization=start).build(1).state_dict() for start in (Default(), He(), Glorot()))
    for name, values in default.items():
        if name.endswith("weight"):
            for other in (he, glorot):
                ratio = other[name] / values
                torch.testing.assert_close(ratio, ratio.flatten()[0].expand_as(ratio))
        else:
            assert torch.equal(he[name], values) and not glorot[name].any()


@pytest.mark.parametrize("start, factor", [(He(), 1), (Default(), 1 / 6), (Glorot(), 1 / 2)], ids=lambda item: str(item))
def test_he_passes_the_mean_square_on(start, factor):
    """From behind one ReLU to behind the next, without biases; other starts lose a known part at each layer."""
    inputs = torch.randn(64, 400, generator=torch.Generator().manual_seed(0))
    module = MLP(400, (400, 400), 400, initialization=start).build(2).eval()
    assert isinstance(module, torch.nn.Sequential)
    for name, values in module.state_dict().items():
        if name.endswith("bias"):
            values.zero_()
    with torch.no_grad():
        first, second = (float(module[:place](inputs).square().mean()) for place in (3, 5))
    assert second / first == pytest.approx(factor, rel=0.1)
