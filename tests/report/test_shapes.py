"""Shapes in annotations are checked while tests run, in every test process."""

import jaxtyping
import numpy as np
import pytest

from lab.trajectories import principal_components


def test_wrong_shape_is_refused():
    """Instruments are instrumented before the first test imports them: a vector is no matrix."""
    with pytest.raises(jaxtyping.TypeCheckError, match="matrix"):
        principal_components(np.ones(3), 1)  # pyright: ignore
