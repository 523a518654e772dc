"""What a trained network answers to images is kept image by image."""

from dataclasses import replace

import numpy as np
import pytest

from lab.answers import Answer
from lab.data import Digits
from lab.models import CNN
from lab.training import Recipe, Train

OF = Train(CNN((1, 8, 8), (3,), (6,), 10), Digits(validation="reserved"), Recipe(0.01, 30, 16), 0)


def test_answers_to_the_test_images_give_the_test_accuracy():
    """Those of the training, by the loop's own count."""
    training = OF.compute()
    assert Answer(OF, OF.data).compute(training).correct.mean() == pytest.approx(float(training.final_test_accuracy))


def test_answers_begin_after_the_images_left_out():
    """To images that the training held out nowhere, in their order; a rehearsal sees arrays as large."""
    training, reserved = OF.compute(), Digits(validation="held out")
    whole, rest = (Answer(OF, reserved, after) for after in (0, 150))
    expected, found = whole.compute(training), rest.compute(training)
    np.testing.assert_array_equal(expected.targets[150:], found.targets)
    np.testing.assert_allclose(expected.logits[150:], found.logits, rtol=1e-4, atol=1e-5)
    assert rest.placeholder().logits.shape == found.logits.shape and rest.flops < whole.flops
    with pytest.raises(ValueError, match="fewer than the 199 images"):
        replace(rest, after=199)
