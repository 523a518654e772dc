"""Every chapter: complete, reproducible at toy size, and in the table of contents."""

import importlib
import math
import re
from dataclasses import fields, is_dataclass
from functools import partial

import pytest

from experiments import CHAPTERS, WORKERS_IMPORT, original
from lab.data import MNIST
from measured.evidence import Bound, Seeds, Verdict, flat, judge, with_seeds
from measured.evidence.levels import parts_of
from measured.jobs.cache import Cache
from measured.jobs.pool import InProcess, using
from measured.pages import chapter as chapter_page
from measured.pages import check, environment, words
from measured.pages import settings as settings_page
from measured.pages.outline import Chapter, read_outline
from measured.press.keep import record_of
from measured.press.rehearse import load
from tests.generator.once import made_once
from tests.report.cases import ROOT


def judged(chapter, result) -> tuple[Verdict, ...]:
    """The verdicts of a chapter's claims on one result at the quick preset."""
    told = settings_page.names(settings_page.told(chapter.PRESETS["quick"]))
    return judge.judge(chapter.CLAIMS, flat(result.metrics), told, chapter.RUNS)


def listed_as(chapter) -> Chapter:
    """The chapter as the contents list it."""
    (found,) = (item for item in read_outline(ROOT).chapters if item.name == chapter.__name__.split(".")[1])
    return found


NAMES = [name for names in CHAPTERS.values() for name in names]


@pytest.fixture(scope="module", params=NAMES)
def chapter(request):
    """A chapter's module."""
    return importlib.import_module(f"experiments.{request.param}")


@pytest.fixture(scope="module")
def result(chapter, tmp_path_factory):
    """What the quick preset gives."""
    run = partial(run_in, chapter)
    return run(made_once(tmp_path_factory, chapter.__name__, run))


def run_in(chapter, folder):
    """Run the quick preset with a cache in a folder."""
    with using(InProcess(Cache(folder))):
        return chapter.run(chapter.PRESETS["quick"])


def test_contents_list_the_modules_that_there_are():
    """Neither a forgotten chapter nor a listed one without a file."""
    # What chapters share is in modules that make no claims.
    modules = {path.stem for path in (ROOT / "experiments").glob("*.py") if "\nCLAIMS = " in path.read_text(encoding="utf-8")}
    assert modules == set(NAMES)


@pytest.mark.filterwarnings("ignore:Precision loss")
def test_same_settings_same_metrics(chapter, result, tmp_path):
    """Every number and every table, from the first job to the last."""
    second = run_in(chapter, tmp_path)
    assert result.metrics == second.metrics
    assert {name: figure.table for name, figure in result.figures.items()} == {
        name: figure.table for name, figure in second.figures.items()
    }


@pytest.mark.filterwarnings("ignore:Precision loss")
def test_prose_has_a_text_for_every_verdict(chapter, result):
    """All names exist in all branches, and each claim that the prose follows has a text for each outcome."""
    outline, listed = read_outline(ROOT), listed_as(chapter)
    frame = environment.make(ROOT / "templates", outline)
    record = record_of(load(ROOT, listed, "quick", None), result, "quick", "cpu")
    check.check(frame, outline, listed, record)
    assert check.citations(frame, listed, record) == []
    assert chapter_page.prose(frame, listed, record)


@pytest.mark.filterwarnings("ignore:Precision loss")
def test_code_leads_to_what_makes_it(chapter, result):
    """A figure's link leads to the function that made it, with whose name its own begins; a claim's to a line with its id."""
    listed = listed_as(chapter)
    lines = listed.source.splitlines()
    for figure, made in result.figures.items():
        assert figure.startswith(made.made_by), figure
        source = (ROOT / f"{made.made_in.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert f"\ndef {made.made_by}(" in source, figure
    for claim in chapter.CLAIMS:
        line, start = lines[listed.line_of_claim(claim.id) - 1], claim.id.rpartition("-")[0]
        assert f'"{claim.id}"' in line or f'f"{start}-{{' in line, claim.id


@pytest.mark.filterwarnings("ignore:Precision loss")
def test_every_claim_is_filled_and_judged(chapter, result):
    """All names exist, ids are unique, each sentence gives its numbers, and the original's claims carry its words."""
    verdicts = judged(chapter, result)
    assert len({verdict.id for verdict in verdicts}) == len(verdicts) == len(chapter.CLAIMS)
    for verdict in verdicts:
        assert verdict.findings and any(character.isdigit() for character in verdict.says)
        assert all(finding.why for finding in verdict.findings)
        if verdict.source.startswith("original"):
            assert verdict.quote and verdict.id.startswith("S")


def test_claims_of_the_original_have_a_comment_for_every_verdict(chapter):
    """Whichever way a claim of the original's comes out, a sentence of its own says what follows."""
    for claim in chapter.CLAIMS:
        if claim.source.startswith("original"):
            assert claim.comments, f"{claim.id} has no comments"
            comments = [claim.comments.supported, claim.comments.refuted, claim.comments.inconclusive]
            assert all(comment.strip() for comment in comments), claim.id
            assert len(set(comments)) == len(comments), f"{claim.id} says the same to two verdicts"


def test_more_seeds_can_be_asked_of_every_chapter(chapter):
    """``--seeds`` finds the reported seeds, however deep they nest, keeps them and adds to them."""

    def seeds_in(settings) -> list[Seeds]:
        values = [getattr(settings, field.name) for field in fields(settings)]
        inner = [
            item
            for value in values
            if is_dataclass(value)
            for item in ([value] if isinstance(value, Seeds) else seeds_in(value))
        ]
        return inner

    settings = chapter.PRESETS["standard"]
    before, after = seeds_in(settings), seeds_in(with_seeds(settings, 1000))
    assert before and [(item.num, item.first) for item in after] == [(1000, item.first) for item in before]


def test_more_networks_keep_the_blocks_that_there_are():
    """A block of stacked networks is a job: what was trained before is asked for again, unchanged."""
    from experiments import searches, zero_gradient

    settings = zero_gradient.Settings()
    before, after = (searches.blocks("small", item) for item in (settings, with_seeds(settings, 120)))
    assert after[: len(before)] == before
    assert [seed for stack in after for seed in stack.seeds] == list(range(120))


@pytest.mark.filterwarnings("ignore:Precision loss")
def test_margins_of_shares_scale_to_shares(chapter, result):
    """A margin of a share that is halved or doubled is still between none and all, or is not varied."""
    metrics = flat(result.metrics)
    for claim in chapter.CLAIMS:
        for test in parts_of(claim.holds):
            if isinstance(test, Bound) and metrics[test.metric].unit == "%":
                scaled = [region for factor in (0.5, 2.0) if (region := test.region.scaled(factor, test.ratio))]
                bounds = [bound for region in scaled for bound in (region.low, region.high) if math.isfinite(bound)]
                assert all(0 <= bound <= 1 for bound in bounds), claim.id


@pytest.mark.filterwarnings("ignore:Precision loss")
def test_words_of_the_module_obey_the_law_of_the_prose(chapter, result):
    """No number is typed into what it says, and no caption draws a conclusion."""
    assert not list(
        words.faults(listed_as(chapter), chapter.CLAIMS, chapter.RUNS, result.figures, getattr(chapter, "WORDS", {}))
    )


def test_what_the_original_says_is_no_check():
    """It is a finding, however foregone it may look; a paper's theorem is a check."""
    claims = [claim for name in NAMES for claim in importlib.import_module(f"experiments.{name}").CLAIMS]
    assert not [claim.id for claim in claims if claim.source.startswith("original") and claim.kind == "check"]


def test_papers_stand_beside_us(chapter):
    """A claim of a paper says what the paper found; one of ours or of the original's has no such thing."""
    for claim in chapter.CLAIMS:
        assert bool(claim.published) == (claim.source != "ours" and not claim.source.startswith("original")), claim.id


def test_quotes_are_the_authors_own(chapter):
    """Every quoted sentence stands in a paragraph of the original, so that a slip of the pen is found."""
    for claim in chapter.CLAIMS:
        assert not claim.quote or any(claim.quote in paragraph for paragraph in original.PARAGRAPHS), claim.id


def test_every_quote_is_quoted():
    """By the claim whose id it is under."""
    claims = {claim.id: claim for name in NAMES for claim in importlib.import_module(f"experiments.{name}").CLAIMS}
    assert {name: claims[name].quote for name in original.QUOTES} == original.QUOTES


def test_every_conclusion_is_judged():
    """The ledger goes through all sixteen, and each claim on the original's words belongs to one."""
    (source,) = (source for source in read_outline(ROOT).sources if source.name == "original")
    claims = [claim for name in NAMES for claim in importlib.import_module(f"experiments.{name}").CLAIMS]
    judged = {source.conclusion_of(claim.id) for claim in claims if claim.source.startswith("original")}
    assert judged == set(original.CONCLUSIONS) == {f"S{number}" for number in range(1, 17)}


@pytest.mark.parametrize("package", ["pages", "evidence", "charts"])
def test_the_generator_has_never_heard_of_this_report(package):
    """No page, claim or chart is made with a chapter's name, a conclusion, a data set or a library of this report in mind."""
    words = [*NAMES, "MNIST", "torch", "lab", r"S\d+[a-z]?", "course report", *original.CONCLUSIONS.values()]
    for path in sorted((ROOT / "measured" / package).rglob("*")):
        if path.suffix != ".pyc" and path.is_file():
            found = re.findall(rf"\b(?:{'|'.join(words)})\b", path.read_text(encoding="utf-8"), re.IGNORECASE)
            assert not found, path


def test_every_figure_has_words_and_numbers(result):
    """Caption, alt text and a table."""
    for name, figure in result.figures.items():
        assert figure.caption and figure.alt and figure.table.rows, name


def test_every_setting_is_explained(chapter):
    """A sentence per field, for the table on the page, and a title that a person wrote."""
    listed = listed_as(chapter)
    for setting in settings_page.told(chapter.Settings()):
        if not setting.is_derived:
            assert listed.meaning_of(setting.name).endswith("."), setting.name
    assert listed.title == chapter.TITLE


def test_presets_are_complete_and_standard_is_the_default(chapter):
    """The same code at three sizes."""
    assert set(chapter.PRESETS) == {"quick", "standard", "full"}
    assert chapter.PRESETS["standard"] == chapter.Settings()


def test_networks_of_equal_size_are():
    """The comparisons of depth compare depth: counts agree to 0.3 %."""
    from experiments import mnist_cnn

    trios = (
        list(original.FITTED),
        list(vars(mnist_cnn.Settings().mnist.trio).values()),
        list(vars(mnist_cnn.Settings().digits.trio).values()),
    )
    for trio in trios:
        counts = [network.num_parameters for network in trio]
        assert max(counts) / min(counts) < 1.003
        assert len({network.depth for network in trio}) == 3


def test_shared_learning_rate_search_is_apart_from_what_it_judges():
    """Rates are chosen on seeds, and for images on data, that the reported runs do not use."""
    from experiments import function_fit, mnist_cnn

    settings = function_fit.Settings()
    reported = {*settings.seeds, *settings.deep_seeds, *settings.more_seeds, *settings.wide_seeds}
    assert not {*settings.search.seeds, *settings.wide_search.seeds} & reported
    on_mnist = mnist_cnn.Settings()
    job = mnist_cnn.trainings(on_mnist.mnist.trio.two, on_mnist.mnist, on_mnist, on_mnist.mnist.seeds)[0]
    assert isinstance(job.data, MNIST) and job.tuned_by
    assert all(isinstance(trial.data, MNIST) and trial.data.validation == "held out" for trial in job.tuned_by.trials)
    assert job.data.validation == "reserved"
    for task in (on_mnist.mnist, on_mnist.digits):
        assert not set(task.search_seeds) & {*task.seeds, *on_mnist.costly_seeds}


def test_the_originals_ten_numbers_are_met():
    """The numbers of parameters of its section 3.2, in its order, each by a network with as many convolutions as it says."""
    numbers = [152_102, 750, 236, 14_014, 494, 101_274, 61_982, 21_098, 8_028, 242_062]
    assert [network.num_parameters for _, network, _ in original.TEN] == numbers
    assert all(word.startswith(str(network.depth)) for word, network, _ in original.TEN)


def test_the_sweep_of_sizes_spans_its_range():
    """Twelve widths at least, from under 1,000 parameters to twenty times the rule, at full a hundred times."""
    from experiments import model_size

    for preset, times in (("standard", 20), ("full", 100)):
        settings = model_size.PRESETS[preset]
        assert len(settings.widths) >= 12 and settings.size.smallest < 1000
        assert settings.size.largest == pytest.approx(times * settings.rule, rel=0.03)
        assert abs(settings.size.rule - settings.rule) < 1000


def test_sizes_are_compared_at_one_learning_rate():
    """Chosen on a draw of another seed: for the ten on images that no run trains on, for the widths on the noisy labels."""
    from experiments import model_size

    settings = model_size.Settings()
    asked = model_size.searches(settings)
    for study, by in ((settings.clean, "noisy"), (settings.noisy, "noisy"), (settings.ten, "ten")):
        chosen, *each = asked[by].values()
        jobs = [job for network in original.FITTED for job in model_size.trainings(network, study, chosen)]
        assert {job.tuned_by for job in jobs} == {chosen} and study.trial.seed not in tuple(study.seeds)
        assert {trial.data for trial in chosen.trials} == {study.trial}
        assert chosen.trials == tuple(trial for search in each for trial in search.trials)
    assert (
        settings.clean.trial == settings.noisy.trial and settings.noisy.trial.label_noise == settings.noisy.images.label_noise
    )
    assert (settings.ten.images.validation, settings.ten.trial.validation) == ("reserved", "held out")


def test_sharpness_shares_the_trainings_of_sensitivity():
    """At standard the batch sizes of both chapters are the same jobs, for equal epochs and equal updates; ten sizes in all."""
    from experiments import sensitivity, sharpness

    theirs, ours = sensitivity.sweeps(sensitivity.Settings()), sharpness.trainings(sharpness.Settings())
    for name in ("epochs", "updates"):
        assert len(ours[name].values) >= 10
        for size in sensitivity.Settings().batch_sizes:
            assert list(ours[name][size]) == [run["training"] for run in theirs[name][size]]


def test_this_report_is_read_as_it_is_imported():
    """Chapters, sources and modules for the workers."""
    outline = read_outline(ROOT)
    assert [chapter.name for chapter in outline.chapters] == [name for names in CHAPTERS.values() for name in names]
    assert [source.name for source in outline.sources] == ["original", "paper", "ours"] and outline.preload == WORKERS_IMPORT
