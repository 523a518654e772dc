"""One thread a process: the tests share the cores as processes, and small networks gain nothing from more."""

import torch

torch.set_num_threads(1)
