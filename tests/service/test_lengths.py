"""Times as people read them, in each language."""

from datetime import UTC, datetime, timedelta

import pytest

from kb.language import use
from kb.service.telling import left, length, span


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (0, "0 分钟", "0 min"),
        (5, "5 分钟", "5 min"),
        (65, "1 小时 5 分钟", "1 h 5 min"),
        (-65, "-1 小时 5 分钟", "-1 h 5 min"),
        (60 * 100, "100 小时 0 分钟", "100 h 0 min"),
    ],
)
def test_lengths_in_each_language(minutes: int, zh: str, en: str) -> None:
    """What is reckoned is told in the units of the language, working time in hours however long it is."""
    assert length(timedelta(minutes=minutes)) == zh
    use("en")
    assert length(timedelta(minutes=minutes)) == en


def test_days_that_are_promised() -> None:
    """Whole days are days."""
    assert length(timedelta(days=60), days=True) == "60 天"
    use("en")
    assert length(timedelta(days=60), days=True) == "60 days"


def test_what_is_left_by_the_calendar() -> None:
    """From two days on a stretch is told in days; what is past is said to be late."""
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert span(timedelta(hours=47, minutes=59)) == "47 小时 59 分钟"
    assert left(now + timedelta(days=3, hours=4, minutes=30), now) == "还剩 3 天 4 小时"
    assert left(now - timedelta(minutes=12), now) == "超时 12 分钟"
    use("en")
    assert left(now - timedelta(days=2), now) == "2 days 0 h late"
