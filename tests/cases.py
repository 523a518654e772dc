"""Problems with known answers, and a small project to build."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from measured.jobs import Job

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Numbers:
    """The result of the jobs below."""

    values: np.ndarray


@dataclass(frozen=True)
class Powers(Job):
    """The first powers of a number."""

    base: float
    count: int = 3

    def compute(self) -> Numbers:
        return Numbers(self.base ** np.arange(self.count, dtype=np.float64))

    def placeholder(self) -> Numbers:
        return Numbers(np.linspace(0.5, 1.5, self.count))


@dataclass(frozen=True)
class Total(Job):
    """The sum of what another job computed."""

    of: Powers

    def compute(self, numbers: Numbers) -> Numbers:
        return Numbers(numbers.values.sum(keepdims=True))

    def placeholder(self) -> Numbers:
        return Numbers(np.ones(1))


@dataclass(frozen=True)
class Threads(Job):
    """How many threads each library that computes has while a job runs."""

    def compute(self) -> Numbers:
        from threadpoolctl import threadpool_info

        return Numbers(np.array([torch.get_num_threads(), *(library["num_threads"] for library in threadpool_info())]))

    def placeholder(self) -> Numbers:
        return Numbers(np.ones(1))


@dataclass(frozen=True)
class Failing(Job):
    """A job that cannot be computed."""

    reason: str

    def compute(self) -> Numbers:
        raise ArithmeticError(self.reason)

    def placeholder(self) -> Numbers:
        return Numbers(np.ones(1))


# ---------------------------------------------------------------------------------------------------------------------
# Losses with known second derivatives


@dataclass(frozen=True)
class TinyProblem:
    """A model in float64 with a batch, small enough for a dense Hessian."""

    name: str
    model: nn.Module
    batch: tuple[Tensor, Tensor]
    weight_decay: float = 0.0

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def _seeded(*modules: nn.Module) -> nn.Module:
    model = nn.Sequential(*modules).double()
    for parameter in model.parameters():
        parameter.data = _random(*parameter.shape) / 2
    return model


TINY_PROBLEMS = (
    TinyProblem("values", _seeded(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2)), (_random(7, 2), _random(7, 2) ** 2), 0.05),
    TinyProblem("classes", _seeded(nn.Linear(3, 4), nn.SiLU(), nn.Linear(4, 3)), (_random(8, 3), torch.arange(8) % 3)),
    TinyProblem(
        "convolution",
        _seeded(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)),
        (_random(5, 1, 4, 4), torch.arange(5) % 3),
    ),
)


def dense_hessian(problem: TinyProblem) -> np.ndarray:
    """Second derivatives by torch.autograd.functional, of a loss written out here."""
    named = dict(problem.model.named_parameters())
    inputs, targets = problem.batch

    def loss(vector: Tensor) -> Tensor:
        pieces = vector.split([value.numel() for value in named.values()])
        weights = {name: piece.reshape(value.shape) for (name, value), piece in zip(named.items(), pieces, strict=True)}
        outputs = torch.func.functional_call(problem.model, weights, (inputs,))
        criterion = nn.functional.mse_loss if targets.is_floating_point() else nn.functional.cross_entropy
        return criterion(outputs, targets) + problem.weight_decay / 2 * vector @ vector

    vector = torch.cat([value.detach().flatten() for value in named.values()])
    return np.asarray(torch.autograd.functional.hessian(loss, vector))


class Quadratic(nn.Module):
    """Answers the root of 100 + theta A theta / 2 to anything, so that the mean square against 0 is that quadratic form."""

    def __init__(self, matrix: Tensor):
        super().__init__()
        self.matrix, self.theta = matrix, nn.Parameter(torch.zeros(len(matrix), dtype=torch.float64))

    def forward(self, inputs: Tensor) -> Tensor:
        return (100 + self.theta @ self.matrix @ self.theta / 2).sqrt().expand(len(inputs), 1)


def quadratic(eigenvalues: tuple[float, ...], rotated: bool = True) -> tuple[nn.Module, tuple[Tensor, Tensor]]:
    """Model and batch of a loss whose Hessian has these eigenvalues, in a random basis or along the axes."""
    basis = torch.linalg.qr(_random(len(eigenvalues), len(eigenvalues)))[0] if rotated else torch.eye(len(eigenvalues)).double()
    matrix = basis @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ basis.T
    return Quadratic(matrix), (torch.zeros(2, 1, dtype=torch.float64), torch.zeros(2, 1, dtype=torch.float64))


def any_batch() -> tuple[Tensor, Tensor]:
    """Two inputs and two classes, where the numbers do not matter."""
    return torch.ones(4, 2), torch.arange(4) % 2


CHAPTER = '''"""Do two dice differ?

Their means over a few throws.
"""

from dataclasses import dataclass

import numpy as np

from measured.jobs import compute
from measured import charts
from measured.evidence import Claim, Metric, Result, larger


@dataclass(frozen=True)
class Throws:
    values: np.ndarray


@dataclass(frozen=True)
class Dice(compute.Job):
    bias: float
    seed: int

    def compute(self) -> Throws:
        return Throws(np.random.default_rng(self.seed).normal(self.bias, 1.0, 50))

    def placeholder(self) -> Throws:
        return Throws(np.linspace(1, 2, 50) + 0.1 * self.seed + self.bias)


@dataclass(frozen=True)
class Settings:
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Throws of each dice."""


PRESETS = {"quick": Settings((0, 1)), "standard": Settings(), "full": Settings(tuple(range(9)))}


def run(settings: Settings = PRESETS["standard"]) -> Result:
    throws = compute.gather({bias: [Dice(bias, seed) for seed in settings.seeds] for bias in (0.0, 3.0)})
    means = {bias: Metric.over_seeds([item.values.mean() for item in items]) for bias, items in throws.items()}
    lines = {f"bias {bias}": charts.Series(range(50), [item.values for item in items]) for bias, items in throws.items()}
    return Result(
        {"fair": means[0.0], "loaded": means[3.0]},
        {"throws": charts.curves({"throws": lines}, x="throw", y="value", caption="All throws.", alt="Two noisy lines.")},
    )


CLAIMS = (
    Claim("loaded-is-larger", source="ours", says="The loaded dice gives {loaded}, the fair one {fair}.", holds=larger("loaded", than="fair")),
)
'''

PROSE = """## Findings

The fair dice gives {{ metric.fair }}.

{{ figure.throws }}

{% if claim["loaded-is-larger"].supported %}They differ.{% elif claim["loaded-is-larger"].refuted %}They do not.{% else %}Who knows.{% endif %}
"""


MAY_DIFFER = ("made.html", "data/build.json", "measured-site.json")
"""Files of a site that two builds may make differently, as made.html itself says."""


class ToyProject:
    """A copy of the project with small chapters of its own, built in processes of its own."""

    def __init__(self, folder: Path, chapters: tuple[str, ...] = ("dice",), copied_from: "ToyProject | None" = None):
        self.folder = folder
        if copied_from:
            shutil.copytree(copied_from.folder, folder, dirs_exist_ok=True)
            return
        for name in ("lab", "measured", "templates"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.npz", "chapters"))
        for name in ("build.py", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)
        (folder / "experiments").mkdir()
        (folder / "templates" / "chapters").mkdir()
        for chapter in chapters:
            self.write(f"experiments/{chapter}.py", CHAPTER)
            self.write(f"templates/chapters/{chapter}.md.jinja2", PROSE)
        self.write("experiments/__init__.py", f'"""Toys."""\n\nCHAPTERS = {{"Toys": {chapters!r}}}\n')

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        (self.folder / path).write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        """A file of the project or its site."""
        return (self.folder / path).read_text(encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        text = self.read(path)
        assert old in text
        self.write(path, text.replace(old, new))

    def build(self, *options: str, workers: str = "0") -> subprocess.CompletedProcess[str]:
        """Run ``python build.py`` and wait."""
        where = () if "--cluster" in options or not workers else ("--workers", workers)
        command = [sys.executable, "build.py", *where, *options]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=300)

    def site(self) -> dict[str, bytes]:
        """Every file of the site but those that may differ between two builds."""
        files = {
            path.relative_to(self.folder / "site").as_posix(): path
            for path in (self.folder / "site").rglob("*")
            if path.is_file()
        }
        return {name: path.read_bytes() for name, path in sorted(files.items()) if name not in MAY_DIFFER}
