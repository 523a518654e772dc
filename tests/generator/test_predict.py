""" "Predict first": verdicts are hidden until the reader has bet on them."""

import re

import pytest

from tests.generator.cases import ToyProject

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]
PLAIN = "section.verdict .plain"
FOLLOWS = "article > section p:has-text('differ')"


@pytest.mark.parametrize("page", ["index", "claims"])
def test_outcomes_elsewhere_are_hidden_until_the_reader_has_bet(built_once: ToyProject, browser, page):
    """On the front page and in the ledger, each with its own claim; neither words, signs, tips nor names tell them before."""
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    addresses = {name: (built_once.folder / "site" / f"{name}.html").as_uri() for name in ("dice", page)}
    tab.goto(addresses[page])
    told = "main :is(.badge, .sign, .outcome, .tally, .strip a, .picture, .mark)"
    many = tab.locator(told).filter(visible=True).count()
    assert many > 0
    tab.evaluate("measured.bets.write({ isOn: true, placed: {} })")
    tab.reload()
    assert tab.locator(told).filter(visible=True).count() == 0
    assert not re.search(r"[✓✗]|\d supported|: supported", tab.locator("main").aria_snapshot())
    assert "outcomes show when you have bet" in tab.inner_text(".bets")
    tab.goto(addresses["dice"])
    tab.get_by_role("button", name="supported").click()
    tab.goto(addresses[page])
    assert 0 < tab.locator(told).filter(visible=True).count() < many
    tab.get_by_role("button", name="Show all verdicts").click()
    assert tab.locator(told).filter(visible=True).count() == many


def test_verdicts_are_hidden_until_the_reader_has_bet(built_once: ToyProject, browser):
    """Turned on in the menu, remembered on the next page, revealed by a bet, scored, forgotten; by keyboard alone."""
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    dice, coins = ((built_once.folder / "site" / f"{name}.html").as_uri() for name in ("dice", "coins"))
    tab.goto(dice)
    assert tab.is_visible(PLAIN) and not tab.is_visible(".bet") and not tab.is_visible(".bets")
    tab.locator("header.site summary", has_text="More").press("Enter")
    tab.get_by_role("switch", name="Predict first").press("Enter")
    assert not tab.is_visible(PLAIN) and not tab.is_visible("section.verdict .badge")
    assert tab.is_visible("figure img") and tab.is_visible("section.verdict .headline")
    assert not tab.is_visible(FOLLOWS)
    assert "follows from loaded-is-larger. It shows when you have bet." in tab.inner_text(".withheld")
    tab.get_by_role("group", name="How did this come out?").get_by_role("button", name="refuted").press("Enter")
    assert tab.is_visible(PLAIN) and tab.evaluate("document.activeElement.className") == "bet-said"
    assert tab.is_visible(FOLLOWS) and tab.locator(".withheld").count() == 0
    assert tab.inner_text(".bet-said") == "You said refuted: it came out supported."
    assert "0 of 1 right in this chapter, all placed; 0 of 1 right in the whole report so far" in tab.inner_text(".bets")
    tab.goto(coins)
    assert not tab.is_visible(PLAIN)
    tab.get_by_role("button", name="supported").click()
    assert "1 of 1 right in this chapter, all placed; 1 of 2 right in the whole report so far" in tab.inner_text(".bets")
    tab.reload()
    assert tab.is_visible(PLAIN) and "You said supported: right." in tab.inner_text("section.verdict")
    tab.get_by_role("button", name="Forget my bets").click()
    assert not tab.is_visible(PLAIN)
    tab.get_by_role("button", name="Show all verdicts").click()
    assert tab.is_visible(PLAIN) and not tab.is_visible(".bets")


def test_nothing_is_hidden_without_scripts(built_once: ToyProject, browser):
    """Nor is there a switch."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((built_once.folder / "site" / "dice.html").as_uri())
    assert tab.is_visible(PLAIN) and tab.locator(".predict-first").count() == 0
    context.close()


def test_hidden_verdicts_do_not_show_for_a_moment(built_once: ToyProject, browser):
    """They are hidden before the scripts that run at the end, which are held back here."""
    tab = browser.new_page()
    address = (built_once.folder / "site" / "dice.html").as_uri()
    tab.goto(address)
    tab.evaluate("measured.bets.write({ isOn: true, placed: {} })")
    tab.route("**/site.js", lambda route: route.abort())
    tab.goto(address)
    assert tab.is_visible("section.verdict .headline") and not tab.is_visible(PLAIN)


def test_storage_that_is_refused_breaks_nothing(built_once: ToyProject, browser):
    """Bets then last as long as the page."""
    tab = browser.new_page()
    tab.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })")
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto((built_once.folder / "site" / "dice.html").as_uri())
    assert tab.is_visible(PLAIN)
    tab.evaluate("document.querySelector('.predict-first').click()")
    assert not tab.is_visible(PLAIN)
    tab.get_by_role("button", name="supported").click()
    assert tab.is_visible(PLAIN) and errors == []
