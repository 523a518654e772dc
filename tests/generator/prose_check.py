"""How readable a site's chapters are: ``python -m tests.generator.prose_check site``.

Counts what a reader stumbles over in the running text, outside of cards, captions, tables, formulas and settings: intervals
and words per sentence, and Flesch's reading ease (Flesch 1948; 60 to 70 is plain English, 30 to 50 a hard college text). Prints
each chapter with its worst sentence, and exits with 1 where one misses a threshold.
"""

import re
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import syllables

# Fixed before the texts were rewritten. Of the eleven chapters as they were then, two missed the first, all the second and the
# third, and four the last.
MOST_INTERVALS = 2
"""In one sentence, or in the plain sentence of a card."""
MOST_WORDS = 32
"""In one sentence: what is longer cannot be said in one breath."""
MOST_WORDS_ON_AVERAGE = 16.0
LEAST_EASE = 68.0

_LEFT_OUT = {"figure", "table", "math", "pre", "blockquote", "details", "nav", "script", "style"}
_LEFT_OUT_CLASSES = {"verdict", "note", "kicker", "stamp", "interval", "links"}
_BLOCKS = {"p", "li", "h1", "h2", "h3", "dd", "dt"}
_SPOKEN_OTHERWISE = {"h1", "h2", "h3"}
_INTERVAL = "\N{REFERENCE MARK}"
_WRITTEN_OUT = re.compile(r"\[[^\[\]]*; n = ")
_SENTENCES = re.compile(r"(?<=[.!?:])[\"”’)]*\s+(?=[\"“(]?[A-Z\d])")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|al|vs|Fig|cf)\.$")


@dataclass(frozen=True)
class Reading:
    """What was counted in the text of one chapter."""

    name: str
    sentences: tuple[str, ...]
    cards: tuple[str, ...] = ()
    """The plain sentence of each card."""

    @property
    def num_intervals(self) -> list[int]:
        """Intervals per sentence."""
        return [sentence.count(_INTERVAL) + len(_WRITTEN_OUT.findall(sentence)) for sentence in self.sentences]

    @property
    def num_words(self) -> list[int]:
        """Words per sentence."""
        return [len(sentence.replace(_INTERVAL, "").split()) for sentence in self.sentences]

    @property
    def ease(self) -> float:
        """Flesch's reading ease of the text as a whole."""
        return ease_of(self.sentences)

    def faults(self) -> Iterator[str]:
        """What misses a threshold, with the worst sentence."""
        if not self.sentences:
            yield "has no text"
            return
        for card in self.cards:
            if (num := len(_WRITTEN_OUT.findall(card))) > MOST_INTERVALS:
                yield f"a card with {num} intervals in its plain sentence: {card}"
        for what, counts, most in (("intervals", self.num_intervals, MOST_INTERVALS), ("words", self.num_words, MOST_WORDS)):
            if (worst := max(counts)) > most:
                over = sum(count > most for count in counts)
                yield f"{over} sentences with more than {most} {what}, the worst {worst}: {self.sentences[counts.index(worst)]}"
        if (mean := statistics.mean(self.num_words)) > MOST_WORDS_ON_AVERAGE:
            yield f"{mean:.1f} words per sentence on average, more than {MOST_WORDS_ON_AVERAGE:g}"
        if self.ease < LEAST_EASE:
            hardest = min((item for item in self.sentences if len(item.split()) > 7), key=lambda item: ease_of([item]))
            yield f"a reading ease of {self.ease:.0f}, less than {LEAST_EASE:g}; the hardest sentence: {hardest}"


def ease_of(sentences: Sequence[str]) -> float:
    """Flesch's reading ease, a number counting as a word of one syllable."""
    words = [word for sentence in sentences for word in re.findall(r"[A-Za-z]+(?:['’][a-z]+)?|\d[\d.,]*", sentence)]
    num_syllables = sum(syllables.estimate(word) if word[0].isalpha() else 1 for word in words)
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * num_syllables / len(words)


def reading_of(path: Path) -> Reading:
    """The running text of a chapter's page."""
    page = _Text()
    page.feed(path.read_text(encoding="utf-8"))
    return Reading(path.stem, tuple(page.sentences()), tuple(page.cards))


class _Text(HTMLParser):
    """Collects paragraphs of the main text."""

    def __init__(self):
        super().__init__()
        self._open: list[tuple[str, bool]] = []
        self._paragraphs: list[list[str]] = []
        self.cards: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "img", "link", "meta", "input", "source", "hr", "wbr"):
            return
        classes = (dict(attrs).get("class") or "").split()
        if "plain" in classes:
            self.cards.append("")
        if "interval" in classes:
            self._say(_INTERVAL)
        left_out = tag in _LEFT_OUT or not {"verdict", "claim", "note", "kicker", "stamp", "interval", "links"}.isdisjoint(
            classes
        )
        self._open.append((tag + " plain" * ("plain" in classes), left_out))
        if tag in _BLOCKS:
            self._paragraphs.append([])

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0].split()[0] != tag:
            pass
        if tag in _BLOCKS:
            self._paragraphs.append([])

    def handle_data(self, data: str) -> None:
        if any(tag.endswith(" plain") for tag, _ in self._open):
            self.cards[-1] += data
        self._say(data)

    def _say(self, text: str) -> None:
        tags = [tag for tag, _ in self._open]
        is_text = "main" in tags and not _SPOKEN_OTHERWISE.intersection(tags) and _BLOCKS.intersection(tags)
        if is_text and self._paragraphs and not any(left_out for _, left_out in self._open):
            self._paragraphs[-1].append(text)

    def sentences(self) -> Iterator[str]:
        """The sentences of all paragraphs, with a mark for each interval."""
        for paragraph in self._paragraphs:
            before = ""
            for sentence in _SENTENCES.split(" ".join("".join(paragraph).split())):
                sentence = f"{before} {sentence}".strip()
                before = sentence if _ABBREVIATED.search(sentence) else ""
                if sentence and not before:
                    yield sentence
            if before:
                yield before


def chapters_of(site: Path) -> list[Path]:
    """The pages of the chapters that were measured."""
    return sorted(path for path in site.glob("*.html") if (site / "data" / path.stem / "metrics.csv").is_file())


def main(site: Path) -> bool:
    """Print what was counted; whether every chapter passes."""
    passed = True
    for reading in map(reading_of, chapters_of(site)):
        faults = list(reading.faults())
        passed &= not faults
        if reading.sentences:
            words, ease = statistics.mean(reading.num_words), reading.ease
            print(f"{reading.name}: {len(reading.sentences)} sentences of {words:.1f} words, reading ease {ease:.0f}")
        for fault in faults:
            print(f"  {fault}")
    return passed


if __name__ == "__main__":
    sys.exit(not main(Path(sys.argv[1])))
