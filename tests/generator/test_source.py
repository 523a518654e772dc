"""The code that a definition reaches is found, and nothing else."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from measured.jobs import versions
from measured.jobs.definitions import LOOSE, WHOLE
from measured.jobs.source import Sources, changes

FILES = {
    "lib/__init__.py": "",
    "lib/tools.py": "import math\nSCALE = 2\ndef used(x):\n    return x * SCALE\ndef unused(x):\n    return x\n",
    "lib/shapes.py": (
        "from lib import tools\nfrom lib.tools import unused as renamed\n"
        "class Base:\n    pass\nclass Square(Base):\n    def area(self):\n        return tools.used(3)\n"
        "def calls_renamed():\n    return renamed(1)\n"
        "def hands_over_module():\n    return repr(tools)\n"
        "def shadows(tools):\n    return tools.used(1)\n"
        "def imports_inside():\n    from lib.tools import used\n    return used(1)\n"
        "def looks_up():\n    return globals()['Base']\n"
        "def comprehends():\n    return [tools for tools in range(3)]\n"
        "def leaves_comprehension(xs):\n    ys = [tools for tools in xs]\n    return tools.used(ys)\n"
        "def iterates_first():\n    return [renamed for renamed in renamed(3)]\n"
        "def assigns_inside(xs):\n    [tools := x for x in xs]\n    return tools.used(1)\n"
    ),
    "lib/loose.py": (
        "TABLE = {}\ndef entry():\n    return 1\nTABLE['entry'] = entry\n"
        "def reads():\n    return TABLE\ndef apart():\n    return 2\n"
    ),
    "lib/stars.py": "from lib.tools import *\ndef through_star():\n    return used(1)\n",
    "lib/outside.py": (
        "import json\nimport numpy as np\nimport sklearn.datasets\n"
        "def uses_one():\n    return json.dumps(np.zeros(1).tolist())\n"
        "def uses_another():\n    from scipy import stats\n    return stats, sklearn.datasets\n"
        "def calls():\n    return uses_one()\n"
        "Shape = tuple[np.ndarray]\ndef annotates_by_alias(x: Shape):\n    return x\n"
        "def annotates(x: np.ndarray, y: sklearn.Any = 1) -> np.ndarray:\n    z: np.ndarray = x\n    return z\n"
        "def uses_none():\n    return 1\n"
    ),
    "lib/dynamic.py": "import importlib\ndef imports_anything(name):\n    return importlib.import_module(name)\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def reached(root: Path, name: str, module: str = "lib.shapes") -> set[str]:
    return set(Sources(root).reached([(module, name)]).definitions)


def test_class_reaches_bases_and_what_methods_call(project):
    """Bases, functions of other modules and their constants are followed; what stands beside them is not."""
    assert reached(project, "Square") == {"lib.shapes.Square", "lib.shapes.Base", "lib.tools.used", "lib.tools.SCALE"}


@pytest.mark.parametrize(
    "name, expected",
    [
        ("calls_renamed", {"lib.tools.unused"}),
        ("imports_inside", {"lib.tools.used", "lib.tools.SCALE"}),
        ("shadows", set()),
        ("comprehends", set()),
        ("leaves_comprehension", {"lib.tools.used", "lib.tools.SCALE"}),
        ("iterates_first", {"lib.tools.unused"}),
        ("assigns_inside", set()),
    ],
)
def test_names_are_followed_as_python_binds_them(project, name, expected):
    """Aliases and imports inside functions bind; arguments and loop variables hide."""
    assert reached(project, name) == {f"lib.shapes.{name}", *expected}


def test_module_as_value_counts_whole(project):
    """A module that is handed over could be used for anything in it."""
    assert f"lib.tools.{WHOLE}" in reached(project, "hands_over_module")


def test_annotation_in_quotes_computes_nothing(project):
    """What one names alone is not followed; what is made or called in code is, whatever stands in quotes."""
    (project / "lib/quoted.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lib.shapes import Square\nclass Own:\n    pass\n"
        "class Result:\n    pass\ndef annotates(x: 'Square', y: 'Own') -> 'Result':\n    return Result()\n"
        "def imports(x: 'Square') -> 'Own':\n    from lib.shapes import Square\n    return Square()\n"
    )
    found = {name for name in reached(project, "annotates", "lib.quoted") if "<" not in name}
    assert found == {"lib.quoted.annotates", "lib.quoted.Result"}
    assert {"lib.shapes.Square", "lib.tools.used"} <= reached(project, "imports", "lib.quoted")


def test_globals_counts_own_module(project):
    """A look-up by string could reach anything in the module."""
    assert f"lib.shapes.{WHOLE}" in reached(project, "looks_up")


def test_star_import_counts_whole(project):
    """What a star brings cannot be told from the text."""
    assert f"lib.tools.{WHOLE}" in reached(project, "through_star", "lib.stars")


def test_dynamic_import_counts_package(project):
    """importlib could load any module of the package."""
    assert {f"lib.{name}.{WHOLE}" for name in ("tools", "shapes", "loose")} <= reached(
        project, "imports_anything", "lib.dynamic"
    )


def test_statements_beside_definitions_count(project):
    """A table filled at module level is part of everything in the module, with what it was filled with."""
    found = reached(project, "apart", "lib.loose")
    assert {f"lib.loose.{LOOSE}", "lib.loose.entry"} <= found
    assert "lib.loose.reads" not in found


def digests(root: Path) -> dict[str, str]:
    return Sources(root).reached([("lib.shapes", "Square")]).definitions


@pytest.mark.parametrize(
    "path, old, new",
    [
        ("lib/tools.py", "SCALE = 2", "# twice\nSCALE = 2"),
        ("lib/tools.py", "    return x * SCALE", '    """Scaled."""\n    return x * SCALE'),
        ("lib/tools.py", "return x\n", "return x + 1\n"),
        ("lib/shapes.py", "def shadows", "\n\ndef another():\n    pass\n\ndef shadows"),
    ],
    ids=["comment", "docstring", "unused function", "new neighbour"],
)
def test_what_cannot_matter_changes_nothing(project, path, old, new):
    """Comments, docstrings and unused neighbours leave the digests as they were."""
    before = digests(project)
    (project / path).write_text((project / path).read_text().replace(old, new))
    assert digests(project) == before


@pytest.mark.parametrize(
    "path, old, new, expected",
    [
        ("lib/tools.py", "SCALE = 2", "SCALE = 3", "lib.tools.SCALE changed"),
        ("lib/tools.py", "x * SCALE", "x + SCALE", "lib.tools.used changed"),
        ("lib/shapes.py", "class Base:\n    pass", "class Base:\n    size = 1", "lib.shapes.Base changed"),
    ],
)
def test_what_matters_is_named(project, path, old, new, expected):
    """A change to a constant, a function or a base class is found and said."""
    before = digests(project)
    (project / path).write_text((project / path).read_text().replace(old, new))
    assert changes(before, digests(project)) == [expected]


def test_memo_gives_the_same_answer_without_parsing(project, tmp_path, monkeypatch):
    """What was remembered equals what is read, and a changed file is read again."""
    memo = tmp_path / "memo.json"
    first = Sources(project, memo)
    expected = first.reached([("lib.shapes", "Square")])
    first.remember()
    monkeypatch.setattr("measured.jobs.source.read_module", lambda *_: pytest.fail("parsed again"))
    assert Sources(project, memo).reached([("lib.shapes", "Square")]) == expected
    monkeypatch.undo()
    (project / "lib/tools.py").write_text(FILES["lib/tools.py"].replace("SCALE = 2", "SCALE = 5"))
    changed = Sources(project, memo)
    assert changed.reached([("lib.shapes", "Square")]) != expected
    before = memo.stat().st_size
    changed.remember()
    assert memo.stat().st_size == before, "what was found in the old text is forgotten"


@pytest.mark.parametrize(
    "path, text",
    [
        ("lib/tools.py", FILES["lib/tools.py"].replace("SCALE = 2", "SCALE = 5")),
        ("lib/tools.py", None),
        ("lib/tools/__init__.py", FILES["lib/tools.py"]),
        ("lib/more.py", "def found():\n    return 1\n"),
        ("numpy.py", "zeros = 1\n"),
        ("lib/stars.py", "from lib.tools import *\ndef through_star():\n    return 1\n"),
    ],
    ids=[
        "changed",
        "gone",
        "made a package",
        "new in a package that counts whole",
        "in place of a library",
        "not reached by all",
    ],
)
def test_what_was_reached_is_followed_anew_where_any_module_differs(project, tmp_path, path, text):
    """A memo that says what was reached says the same as no memo, whatever became of the files."""
    roots = [("lib.shapes", "Square"), ("lib.dynamic", "imports_anything"), ("lib.outside", "uses_one"), ("lib.stars", WHOLE)]
    before = Sources(project, tmp_path / "memo.json")
    for root in roots:
        before.reached([root])
    before.remember()
    if path == "lib/tools/__init__.py":
        (project / "lib/tools.py").unlink()
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).unlink() if text is None else (project / path).write_text(text)
    after, anew = Sources(project, tmp_path / "memo.json"), Sources(project)
    for root in roots:
        assert after.reached([root]) == anew.reached([root])


@pytest.mark.parametrize("text", ["def broken(:\n", "\0", "\udcff"], ids=["no Python", "a zero", "no UTF-8"])
def test_module_that_cannot_be_read_is_told_where_it_is_reached(project, tmp_path, text):
    """And nowhere else: what does not reach it is as it was, and the memo can be written."""
    before = Sources(project, tmp_path / "memo.json")
    expected = before.reached([("lib.shapes", "Square")])
    before.reached([("lib.loose", "reads")])
    before.remember()
    (project / "lib/loose.py").write_bytes(text.encode(errors="surrogateescape"))
    after = Sources(project, tmp_path / "memo.json")
    assert after.reached([("lib.shapes", "Square")]) == expected
    with pytest.raises((SyntaxError, ValueError)):
        after.reached([("lib.loose", "reads")])
    after.remember()
    assert "lib.loose" not in after.found()[0]


def test_what_was_reached_is_followed_anew_by_another_generator(project, tmp_path, monkeypatch):
    """Which may follow names elsewhere."""
    before = Sources(project, tmp_path / "memo.json")
    before.reached([("lib.shapes", "Square")])
    before.remember()
    monkeypatch.setattr(Sources, "_uses", lambda *_: iter(()))
    assert len(Sources(project, tmp_path / "memo.json").reached([("lib.shapes", "Square")]).definitions) > 1
    monkeypatch.setattr("measured.jobs.source._follower", lambda: "another")
    assert len(Sources(project, tmp_path / "memo.json").reached([("lib.shapes", "Square")]).definitions) == 1
    (tmp_path / "memo.json").write_text('{"reached": {"of": "one that kept something else"}}')
    assert len(Sources(project, tmp_path / "memo.json").reached([("lib.shapes", "Square")]).definitions) == 1


def test_memo_forgets_what_nothing_asks_for_any_more(project, tmp_path):
    """Once a module has changed; and what a bundle takes along is what was asked for here, not what a memo knows."""
    memo = tmp_path / "memo.json"
    before = Sources(project, memo)
    before.reached([("lib.shapes", "Square")])
    before.reached([("lib.loose", "reads")])
    before.remember()
    again = Sources(project, memo)
    again.reached([("lib.shapes", "Square")])
    assert "lib.loose" not in again.found()[0] and {"lib.shapes", "lib.tools"} <= again.found()[0].keys()
    again.remember()
    assert "lib.loose" in json.loads(memo.read_text())["reached"]["keys"]
    (project / "lib/tools.py").write_text("SCALE = 5\ndef used(x):\n    return x * SCALE\n")
    changed = Sources(project, memo)
    changed.reached([("lib.shapes", "Square")])
    changed.remember()
    assert "lib.loose" not in json.loads(memo.read_text())["reached"]["keys"]


def test_what_was_reached_is_not_followed_again(project, tmp_path, monkeypatch):
    """Where every module is as it was."""
    before = Sources(project, tmp_path / "memo.json")
    expected = before.reached([("lib.shapes", "Square")])
    before.remember()
    monkeypatch.setattr(Sources, "_uses", lambda *_: pytest.fail("followed again"))
    assert Sources(project, tmp_path / "memo.json").reached([("lib.shapes", "Square")]) == expected


def test_root_outside_the_project_is_refused(project):
    """A job defined in a notebook has no file to digest."""
    with pytest.raises(ValueError, match="module '__main__' is not a file below"):
        Sources(project).reached([("__main__", "Job")])


@pytest.mark.parametrize(
    "name, expected",
    [
        ("uses_one", ("numpy",)),
        ("uses_another", ("scipy", "sklearn")),
        ("calls", ("numpy",)),
        ("annotates", ()),
        ("annotates_by_alias", ()),
        ("uses_none", ()),
    ],
)
def test_libraries_are_those_of_the_reached_code(project, name, expected):
    """What a definition imports from outside, at the top or in a function; neither the standard library nor a neighbour's."""
    assert Sources(project).reached([("lib.outside", name)]).libraries == expected


def test_module_in_full_brings_all_that_it_imports(project):
    """An import may be there for what it does."""
    (project / "lib/outside.py").write_text("import torch\n")
    assert Sources(project).reached([("lib.outside", WHOLE)]).libraries == ("torch",)


def test_generator_of_jobs_is_not_followed(project):
    """What runs jobs is spoken for by a format number, so that a change there retrains nothing by itself."""
    (project / "lib/job.py").write_text("from measured.jobs import Job\nclass Mine(Job):\n    pass\n")
    found = Sources(project).reached([("lib.job", "Mine")])
    assert set(found.definitions) == {"lib.job.Mine"} and found.libraries == ()


def test_rest_of_the_generator_is_followed_wherever_it_is_installed(project):
    """A number that a chapter takes from the generator depends on the generator's code."""
    (project / "lib/taking.py").write_text("from measured.evidence import intervals\nMEAN = intervals.of_mean\n")
    found = Sources(project).reached([("lib.taking", "MEAN")])
    assert "measured.evidence.intervals.of_mean" in found.definitions and found.libraries == ("scipy",)


def test_versions_name_distributions():
    """A module is called otherwise than what brings it; one that is not there says so."""
    known: dict[str, list[str]] = {}
    found = versions.of_libraries(["numpy", "PIL", "no_such_module"], known)
    assert found["pillow"] == version("pillow") and found["numpy"] == version("numpy")
    assert found["no_such_module"] == "not installed" and found["Python"].count(".") == 1
    assert known["PIL"] == ["pillow"]


def test_library_without_a_version_is_refused(tmp_path, monkeypatch):
    """A module that is on the path and belongs to nothing could change unnoticed."""
    (tmp_path / "homemade.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match="'homemade' belongs to no installed distribution.*put its source into the project"):
        versions.of_libraries(["homemade"], {})


WORDED = '''"""A chapter."""
def figure():
    """{top}"""
class Study:
    """Words that no caption comes from."""
    def drawn(self):
        """{method}"""
def makes():
    def inner():
        """{inner}"""
    return inner
if True:
    def either():
        """{either}"""
'''


@pytest.mark.parametrize(
    "name, where", [("top", "figure"), ("method", "Study"), ("inner", "makes"), ("either", LOOSE)], ids=lambda item: item
)
def test_docstring_that_may_be_a_caption_is_known(tmp_path, name, where):
    """Wherever the function stands, and no result depends on it."""
    words = dict.fromkeys(("top", "method", "inner", "either"), "Before.")
    found = []
    for text in ("Before.", "After."):
        (tmp_path / "chapter.py").write_text(WORDED.format(**{**words, name: text}))
        sources = Sources(tmp_path)
        definitions = sources.reached([("chapter", WHOLE)]).definitions
        found.append((definitions, sources.docstrings(definitions, "chapter")))
    (code, before), (same_code, after) = found
    assert code == same_code and changes(before, after) == [f"chapter.{where} changed"]


JOB = """from measured.jobs import Job
class Sum(Job[float]):
    n: int
    def compute(self):
        return self.n{more}
    @property
    def flops(self):
        return {flops}
class NoneSuch:
    def flops(self):
        return {flops}
"""


@pytest.mark.parametrize(
    "name, more, changes_it",
    [("Sum", "", False), ("Sum", " + self.flops", True), ("NoneSuch", "", True)],
    ids=["foretold alone", "computed with", "no job"],
)
def test_what_a_job_foretells_is_in_no_key(tmp_path, name, more, changes_it):
    """Another guess at its cost, or another made-up result, retrains nothing; where compute asks for it, it does."""
    found = set()
    for flops in ("1", "2"):
        folder = tmp_path / flops
        (folder / "lib").mkdir(parents=True)
        (folder / "lib" / "sums.py").write_text(JOB.format(more=more, flops=flops))
        found.add(Sources(folder).reached([("lib.sums", name)]).definitions[f"lib.sums.{name}"])
    assert (len(found) == 2) == changes_it
