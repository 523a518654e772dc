"""The instruments know jobs, and nothing else of the generator; the report's contents are data."""

from experiments import CHAPTERS
from tests.generator.test_imports import imported_in, loaded_after
from tests.report.cases import ROOT

LAB = [f"lab.{path.stem}" for path in sorted((ROOT / "lab").glob("*.py")) if path.stem != "__init__"]


def test_lab_knows_only_jobs_of_the_generator():
    """No page, no figure, no chapter; in no function either."""
    for path in sorted((ROOT / "lab").glob("*.py")):
        found = imported_in(path.read_text(encoding="utf-8"))
        assert not {name.split(".")[0] for name in found} & {"experiments", "matplotlib", "jinja2", "tests"}, path
        assert all(name.startswith("measured.jobs") for name in found if name.split(".")[0] == "measured"), path


def test_lab_loads_without_the_report():
    """In a fresh process."""
    found = loaded_after(*LAB)
    parts = {".".join(name.split(".")[:2]) for name in found if name.startswith("measured.")}
    assert (
        parts <= {"measured.jobs", "measured.files", "measured.installed", "measured.interactive"}
        and not {"experiments", "matplotlib", "jinja2"} & found
    )


def test_chapters_know_what_they_may():
    """Instruments, evidence, charts and jobs; not how pages are made or builds are run."""
    for path in sorted((ROOT / "experiments").glob("*.py")):
        for name in imported_in(path.read_text(encoding="utf-8")):
            if name.startswith("measured"):
                assert name.startswith(("measured.evidence", "measured.charts", "measured.jobs")) or name == "measured", (
                    f"{path}: {name}"
                )


def test_contents_import_nothing():
    """The list of chapters is data."""
    assert not loaded_after("experiments") & {"torch", "numpy", "lab", "measured"}


SAID = (
    "activations", "checkpoints", "costs", "critical_points", "data", "functions", "gradients", "landscape", "models",
    "network", "objectives", "sensitivity", "sharpness", "statistics", "torch_network", "trained", "training", "trajectories",
)  # fmt: skip


def test_what_is_measured_is_said_without_torch():
    """Jobs, networks and data sets are named in a fresh process, their sizes known, without the library that computes: it
    takes a second to import."""
    sizes = "lab.models.MLP(3, (4,), 2, batch_norm=True).num_statistics, lab.models.CNN((1, 8, 8), (3,), (), 2).num_parameters"
    found = loaded_after(*(f"lab.{name}" for name in SAID), then=f"print({sizes}, lab.data.MNIST().sizes, file=sys.stderr)")
    assert not found & {"torch", "torchvision", "sklearn", "scipy"}


def test_chapters_are_rehearsed_without_torch():
    """In a fresh process: imported and run on placeholders, as in an author's loop."""
    names = [f"experiments.{name}" for of_part in CHAPTERS.values() for name in of_part]
    rehearsal = f"""
from measured.jobs.cache import Cache
from measured.jobs.pool import Rehearsal, using
for chapter in ({", ".join(names)}):
    with using(Rehearsal(Cache("nowhere"))):
        chapter.run(chapter.PRESETS["standard"])
    assert "torch" not in sys.modules, chapter.__name__
"""
    assert "torch" not in loaded_after(*names, then=rehearsal)
