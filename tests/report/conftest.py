"""What the tests of the report share."""

from collections.abc import Iterator

import pytest
import torch

from measured.jobs.run import one_thread


@pytest.fixture(scope="package", autouse=True)
def alone_on_a_core() -> Iterator[None]:
    """Everything here computes on one thread: small networks lose time on more, and the cores are for other test processes."""
    with one_thread():
        assert torch.get_num_threads() == 1
        yield
