"""What a customer is told: of every kind of entry, what is public, and of that only what is his."""

from datetime import UTC, datetime

import pytest
from logs import STANDARD, clocks_of, log

from kb.model.casework import EventKind
from kb.service.events import Event
from kb.service.fields import FIELDS
from kb.service.snapshot import standing
from kb.service.tracking import SHOWN, in_plain_words, lines, next_time

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
SECRET = "机密-{}"


def entry(kind: EventKind, public: bool) -> Event:
    """One with a mark in its words, its author, and every field that there is."""
    data = {name: SECRET.format(name) for name, field in FIELDS.items() if field.form == "text"}
    return Event(kind, NOW, NOW, SECRET.format("by"), SECRET.format("text"), public, data, place=2)


@pytest.mark.parametrize("kind", [k for k in EventKind if k not in (EventKind.CORRECTED, EventKind.MERGED)])
def test_what_is_not_public_is_not_told(kind: EventKind) -> None:
    """Of what is not, nothing; of what is, its words and the few facts that are a customer's; never who wrote it."""
    report = Event(EventKind.REPORTED, NOW, NOW, text="坏了", public=True, place=1)
    assert lines([report, entry(kind, False)], STANDARD) == lines([report], STANDARD)
    told = lines([report, entry(kind, True)], STANDARD)[-1]
    assert told.text == SECRET.format("text")
    shown = {name for name in FIELDS if SECRET.format(name) in told.facts.values()}
    assert shown <= set(SHOWN)
    assert SECRET.format("by") not in str(told)


def test_a_correction_takes_its_place() -> None:
    """What was put right is read as it was put right; what was taken out is gone."""
    report = Event(EventKind.REPORTED, NOW, NOW, text="坏了", public=True, place=1)
    said = Event(EventKind.MESSAGE_OUT, NOW, NOW, "李四", "密码是 123", True, place=2)
    right = Event(EventKind.CORRECTED, NOW, NOW, "李四", "密码已重置", place=3, corrects=2)
    assert [line.text for line in lines([report, said, right], STANDARD)] == ["坏了", "密码已重置"]
    void = Event(EventKind.CORRECTED, NOW, NOW, "李四", data={"void": True}, place=3, corrects=2)
    assert [line.text for line in lines([report, said, void], STANDARD)] == ["坏了"]


REPORT = "2026-03-02 09:00 reported channel=phone\n"
ANSWERED = REPORT + "2026-03-02 09:10 call\n"
RESTORED = ANSWERED + "2026-03-02 10:00 restored\n"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (REPORT, "已收到"),
        (ANSWERED, "正在处理"),
        (ANSWERED + "2026-03-02 09:20 wait for=customer until=2026-03-03T09:00", "在等您的消息"),
        (ANSWERED + "2026-03-02 09:20 wait for=part until=2026-03-03T09:00", "在等备件"),
        (ANSWERED + "2026-03-02 09:20 wait for=vendor until=2026-03-03T09:00", "在等厂商"),
        (ANSWERED + "2026-03-02 09:20 wait for=visit until=2026-03-03T09:00", "已约上门"),
        (ANSWERED + "2026-03-02 09:20 wait for=window until=2026-03-03T09:00", "约好的停机时间"),
        (RESTORED, "请您看看好了没有"),
        (RESTORED + "2026-03-02 11:00 confirmed", "您确认好了"),
        (RESTORED + "2026-03-12 11:00 closed", "没有等到您的回音"),
        (REPORT + "2026-03-02 11:00 cancelled reason=spam", "已取消"),
        (REPORT + "2026-03-02 11:00 merged into=26-00002-9", "同一个故障"),
    ],
)
def test_every_state_in_plain_words(written: str, said: str) -> None:
    """A sentence for each, without a word of the trade."""
    assert said in in_plain_words(standing("26-00001-0", log(written), STANDARD).now)


@pytest.mark.parametrize(
    ("written", "now", "said"),
    [
        (REPORT, "2026-03-02 09:05", "响应最晚 2026-03-02 09:20"),
        (REPORT, "2026-03-02 09:30", "我们晚了"),
        (ANSWERED, "2026-03-02 09:30", "恢复最晚 2026-03-02 13:00"),
        (RESTORED, "2026-03-02 11:00", ""),
    ],
)
def test_the_next_time(written: str, now: str, said: str) -> None:
    """The first that runs; one that is past is told as it is; none when nothing is owed."""
    told = next_time(list(clocks_of(written, now).values()), STANDARD)
    assert (said in told) if said else told == ""
