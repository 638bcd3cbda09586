"""Tests of kb.language."""

import threading

import pytest

from kb.language import current, say, use


@pytest.mark.parametrize(
    ("asked", "spoken"), [("en", "en"), ("en-US", "en"), ("EN", "en"), ("zh-CN", "zh"), ("fr", "zh")]
)
def test_use(asked: str, spoken: str) -> None:
    """English when it is asked for, else Chinese."""
    use(asked)
    assert current() == spoken


def test_say_fills_in_values() -> None:
    """One of the two texts, with its values."""
    assert say("有 {n} 篇", "{n} articles", n=3) == "有 3 篇"
    use("en")
    assert say("有 {n} 篇", "{n} articles", n=3) == "3 articles"


def test_a_text_without_values_may_hold_braces() -> None:
    """Braces of an example are not placeholders."""
    assert say("写成 {a: b}", "write {a: b}") == "写成 {a: b}"


def test_another_thread_speaks_its_own_language() -> None:
    """One reader's choice is not another's."""
    use("en")
    heard: list[str] = []
    thread = threading.Thread(target=lambda: heard.append(current()))
    thread.start()
    thread.join()
    assert heard == ["zh"]
