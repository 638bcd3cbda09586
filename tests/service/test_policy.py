"""service.yml: what is shipped holds what the scheme promises, what is wrong is told with its line."""

from datetime import time
from pathlib import Path

import pytest
from logs import OFFICE

from kb.errors import InputError
from kb.language import use
from kb.service.policy import Duration, load, parse, read, shipped

GOOD = OFFICE % "answer: {from: reported, to: answered, within: 20 min, time: always}"


def test_what_is_shipped() -> None:
    """Without a file the promises of a written scheme hold: answers, visits, restoration, repair, exchange."""
    policy = shipped()
    standard, telecom = policy.promises["standard"], policy.promises["telecom"]
    assert {name: str(p.within[""]) for name, p in standard.items()} == {
        "answer": "20 min",
        "arrive": "1 h",
        "restore": "4 h",
        "repair": "60 workdays",
        "exchange": "30 days",
    }
    assert {name: str(telecom[name].within[""]) for name in ("reply", "arrive", "act")} == {
        "reply": "24 h",
        "arrive": "8 h",
        "act": "6 h",
    }
    assert standard["repair"].target == 0.95
    assert (policy.emergency.update, policy.emergency.daily) == (Duration(1, "h"), time(17, 30))
    assert policy.priority_of("high", "wide") == "P1"
    assert policy.steps["applied"].needs == "tested"


def test_everything_a_file_can_say() -> None:
    """Each section is read."""
    policy = read(
        GOOD
        + "days: {2027: {closed: [02-05..02-11, 12-31], open: [02-20], announced: yes}}\n"
        + 'emergency: {update: 30 min, daily: "17:30", to: [lead, company], leader: required}\n'
        + "steps: {applied: {needs: tested, when: P1 P2}}\n"
        + 'teams: {hotline: {notify: "dingtalk://x", areas: [network], cities: [济南, 德州]}}\n'
        + "near: {德州: [德州, 济南]}\n"
        + "survey: {scale: 10, ask: [服务及时], comment_below: 6}\n"
        + "waits: {remind: 2 h}\n"
    )
    assert policy.waits.remind == Duration(2, "h")
    assert (len(policy.days[0].closed), policy.days[0].announced) == (8, True)
    assert policy.emergency.leader
    assert policy.emergency.to == ("lead", "company")
    assert policy.steps["applied"].when == ("P1", "P2")
    assert policy.teams["hotline"].cities == ("济南", "德州")
    assert policy.near == {"德州": ("德州", "济南")}
    assert (policy.survey.scale, policy.survey.comment_below) == (10, 6)
    assert str(policy.zone) == "Asia/Shanghai"


WRONG = {
    "calendar: {}": (1, "calendar"),
    "days: {27: {}}": (1, "27"),
    "days: {2027: {closed: [02-30]}}": (1, "02-30"),
    "days: {2027: {closed: [02-11..02-05]}}": (1, "02-11..02-05"),
    "days: {2027: {closed: [02-05], open: [02-05]}}": (1, "2027-02-05"),
    "emergency: {update: 1 days}": (1, "应为"),
    "emergency: {daily: 25:00}": (1, "25:00"),
    "steps:\n  aplied: {needs: tested}": (2, "aplied"),
    "steps:\n  applied:\n    needs: testing": (3, "testing"),
    "steps: {applied: {needs: tested, when: P9}}": (1, "P9"),
    "survey:\n  scale: 11": (2, "11"),
    "teams:\n  a: [b]": (2, "键"),
    "waits: {remind: 1 workdays}": (1, "小时"),
    "near: *x": (1, "*"),
    "near: {a: b}}": (1, "YAML"),
    "near: " + "[" * 9 + "]" * 9: (1, "嵌套"),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_wrong_is_told_with_its_line(text: str, expected: tuple[int, str]) -> None:
    """A problem names its line and what would be right; unknown keys are refused."""
    policy, problems = parse(text + "\n" + GOOD)
    assert policy is None
    assert any(p.line == expected[0] and expected[1] in p.message for p in problems), problems


REPLACED = [
    ("within: 20 min", "within: 20", "20"),
    ("within: 20 min", "within: 0 min", "0 min"),
    ("within: 20 min", "within: 99 years", "years"),
    ("within: 20 min", "within: 999999 h", "10"),
    ("within: 20 min", "within: {P7: 1 h}", "P7"),
    ("from: reported", "from: asked_for", "asked_for"),
    ("time: always", "time: nights", "nights"),
    ("time: always", "pauses: [tea]", "tea"),
    ("time: always", "warn: 150%", "75%"),
    ("time: always", "wihtin: 1 h", "wihtin"),
    ("from: reported, ", "", "from"),
    ("8:30-12:00", "12:00-8:30", "12:00-8:30"),
    ("13:30-17:30", "11:00-17:30", "11:00-17:30"),
    ("mon-fri", "mo-fr", "mo-fr"),
    ("mon-fri", "fri-mon", "fri-mon"),
    ("Asia/Shanghai", "Asia/Peking", "Asia/Peking"),
    ("Asia/Shanghai", "../etc/passwd", "../etc/passwd"),
    ("24x7", "24/7", "24/7"),
    ("holidays: cn", "holidays: de", "de"),
    ("wide: P1", "wide: urgent", "urgent"),
    ("low: {wide: P3, part: P4, one: P4}", "low: {wide: P3}", "low: {part"),
    ("after: 5 workdays, ", "", "after"),
    ("  always: 24x7", "  office: 24x7", "office"),
]


@pytest.mark.parametrize(("old", "new", "part"), REPLACED)
def test_a_wrong_value_is_told(old: str, new: str, part: str) -> None:
    """Every value that is none is refused in both languages, with what was written."""
    assert old in GOOD
    for language in ("zh", "en"):
        use(language)
        policy, problems = parse(GOOD.replace(old, new))
        assert policy is None
        assert any(part in p.message and p.line > 1 for p in problems), problems


def test_all_problems_at_once() -> None:
    """Mistakes of several sections are told together, in the order of their lines."""
    _, problems = parse("survey: {scale: 99}\nclose: {}\ncalendars: {}\n")
    assert [p.line for p in problems] == sorted(p.line for p in problems)
    assert len(problems) == 5


def test_the_file_beside_the_articles(tmp_path: Path) -> None:
    """It holds as soon as it is there; its digest is that of its text; errors name it."""
    assert load(tmp_path) == shipped()
    (tmp_path / "service.yml").write_text(GOOD, "utf8")
    assert load(tmp_path).promises["standard"]["answer"].within == {"": Duration(20, "min")}
    assert load(tmp_path).digest == read(GOOD).digest != shipped().digest
    (tmp_path / "service.yml").write_text("near: [\n", "utf8")
    with pytest.raises(InputError, match=r"service\.yml:\d+: "):
        load(tmp_path)
    (tmp_path / "service.yml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match=r"service\.yml"):
        load(tmp_path)
