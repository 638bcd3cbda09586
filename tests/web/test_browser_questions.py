"""Asking back in a real browser: answers by mouse and by key, taken back, and without scripts."""

from typing import Any

import pytest
from test_browser import Open, address, browser, pytestmark, visit  # noqa: F401 - fixtures and the condition

VAGUE = "打印机连不上"


def order(page: Any) -> list[str]:
    """The titles of the suggestions, best first."""
    return [str(t) for t in page.locator(".card h2").all_inner_texts()]


def answered(page: Any, count: int) -> None:
    """Wait until so many answers are shown as given."""
    from playwright.sync_api import expect

    expect(page.locator(".given button")).to_have_count(count)
    expect(page.locator(".answers.loading")).to_have_count(0)


@pytest.fixture
def asked(visit: Open) -> Any:  # noqa: F811
    """The paste page after a vague paste, with its questions."""
    page = visit("/suggest")
    page.fill("#text", VAGUE)
    page.wait_for_selector("[data-question]")
    return page


def test_an_answer_sorts_anew_in_place(asked: Any) -> None:
    """A no to what the first one holds puts another first, without leaving the page; the new first is told."""
    before = order(asked)
    question = asked.locator("[data-question]").first
    text = str(question.get_attribute("aria-label"))
    question.get_by_role("button", name="是", exact=True).click()
    answered(asked, 1)
    assert text in asked.inner_text(".given")
    assert asked.input_value("#text") == VAGUE
    assert text not in asked.locator("[data-question]").all_inner_texts()
    assert order(asked)[0] in asked.inner_text("#status")
    asked.locator(".given button").click()
    answered(asked, 0)
    assert order(asked) == before


def test_answers_by_key(asked: Any) -> None:
    """With the keyboard alone: Space on a button answers, and the focus goes on to the next question."""
    from playwright.sync_api import expect

    for count in (1, 2):
        asked.locator("[data-question] button").nth(2).focus()
        asked.keyboard.press("Space")
        answered(asked, count)
        expect(asked.locator("[data-question] button:focus")).to_have_count(1)


def test_answers_stay_while_one_types(asked: Any) -> None:
    """What was answered counts for the text as it grows."""
    asked.locator("[data-question] button").nth(1).click()
    answered(asked, 1)
    before = asked.inner_text(".given")
    with asked.expect_response("**/suggest"):
        asked.fill("#text", VAGUE + "，三楼也是")
    answered(asked, 1)
    assert asked.inner_text(".given") == before


def test_answers_survive_another_language(visit: Open) -> None:  # noqa: F811
    """The switch to English asks again in English, with the answers."""
    page = visit("/suggest", java_script_enabled=False)
    page.fill("#text", VAGUE)
    page.click("button.primary")
    page.locator("[data-question] button").nth(1).click()
    page.click("[data-language]")
    assert page.get_attribute("html", "lang") == "en"
    assert "No" in page.inner_text(".given")


def test_without_scripts(visit: Open) -> None:  # noqa: F811
    """Answers are buttons of the form: they add up, and can be taken back, without JavaScript."""
    page = visit("/suggest", java_script_enabled=False)
    page.fill("#text", VAGUE)
    page.click("button.primary")
    before = order(page)
    for count in (1, 2):
        page.locator("[data-question] button").nth(1).click()
        answered(page, count)
        assert page.input_value("#text") == VAGUE
    for count in (1, 0):
        page.locator(".given button").first.click()
        answered(page, count)
    assert order(page) == before


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone(visit: Open, language: str) -> None:  # noqa: F811
    """Questions and answers are no wider than the screen, and their buttons large enough for a finger."""
    size = {"width": 390, "height": 844}
    page = visit(f"/suggest?text={VAGUE}&lang={language}", viewport=size, has_touch=True, is_mobile=True)
    page.locator("[data-question] button").first.tap()
    answered(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    buttons = page.locator(".questions button").all()
    assert buttons
    for button in buttons:
        assert button.bounding_box()["height"] >= 24
