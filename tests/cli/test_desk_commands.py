"""The service desk from the shell: each command on a folder of its own, and none of it where nobody wants it."""

import html
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result

from kb.cli import cli
from kb.language import use
from kb.service.days import statutory
from kb.service.states import ACTIONS
from kb.settings import Settings

Kb = Callable[..., Result]
FOUND, NOTHING, MISTAKE = 0, 1, 2
ANNOUNCED = {year for year in range(2004, 2100) if statutory(year).announced}
TODAY = datetime.now()
LATER = f"{TODAY + timedelta(days=2):%Y-%m-%d %H:%M}"


@pytest.fixture
def off(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Kb:
    """The command line in a folder that has articles alone."""
    monkeypatch.chdir(settings.articles.parent)

    def kb(*arguments: object, code: int = FOUND, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert result.exit_code == code, result.output
        return result

    return kb


@pytest.fixture
def kb(off: Kb, monkeypatch: pytest.MonkeyPatch) -> Kb:
    """The command line of a folder with a service desk and one case, 1."""
    monkeypatch.setenv("KB_SERVICE", "on")
    off("case", "new", "财务室打印机卡纸", "--contact", "王工", "--urgency", "高", "--impact", "part", "--by", "李四")
    return off


def test_who_wants_only_the_knowledge_base_sees_none_of_it(off: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a service.yml neither help nor a command; a refusal says how to turn it on; `off` beats the file."""
    shown = off("--help").output
    assert not [name for name in ("case", "clock", "due", "policy", "workdays") if f"  {name} " in shown]
    assert "service.yml" in off("due", code=MISTAKE).stderr
    Path("service.yml").write_text(off("policy", "show").output, "utf8")
    off("policy", "check")
    assert "  due " in off("--help").output
    off("due", code=NOTHING)
    monkeypatch.setenv("KB_SERVICE", "off")
    assert "service" in off("due", code=MISTAKE).stderr


def test_a_case_by_its_counter(kb: Kb) -> None:
    """From the call to the confirmation, each step a command; what it says and what is due next is printed."""
    assert "26-" in kb("case", "list").output
    kb("case", "call", 1, "已回电")
    assert "等待" in kb("case", "wait", 1, "等客户重启", "--for", "客户", "--until", LATER).output
    assert "处理中" in kb("case", "message", 1, "重启了，还是卡", "--by", "客户").output
    kb("case", "diagnose", 1, "-", stdin="搓纸轮磨损\n换过一次\n")
    kb("case", "test", 1, "十页不卡", "--where", "备机")
    kb("case", "apply", 1, "换搓纸轮", "--undo", "装回旧轮")
    kb("case", "restore", 1, "换搓纸轮", "--verification", "试打十页", "--cause", "硬件故障", "--handling", "onsite")
    assert "已关闭" in kb("case", "confirm", 1, "--score", 5).output
    shown = kb("case", "show", 1).output
    assert "换过一次" in shown
    assert "原因：硬件故障" in shown
    data = json.loads(kb("case", "show", 1, "--json").output)
    assert data["case"]["state"] == "closed"
    assert [e["kind"] for e in data["log"]][:2] == ["reported", "call"]
    assert {c["name"]: c["state"] for c in data["clocks"]} == {"answer": "met", "restore": "met"}
    kb("case", "check")
    kb("case", "list", "--state", "open", code=NOTHING)
    assert json.loads(kb("case", "list", "--unwritten", "--json").output)[0]["outcome"] == "confirmed"


def test_a_refusal_names_the_field(kb: Kb) -> None:
    """In the words of the desk, and with the name of the option."""
    kb("case", "call", 1, "已回电")
    assert "(until)" in kb("case", "wait", 1, "等", "--for", "customer", code=MISTAKE).stderr
    assert "(waived)" in kb("case", "apply", 1, "x", "--undo", "y", code=MISTAKE).stderr
    assert "校验位" in kb("case", "note", "26-00001-9", "x", code=MISTAKE).stderr
    kb("case", "note", 1, "x", "--seen", 1, "--by", "王五", code=MISTAKE)
    kb("case", "note", 1, "x", "--at", "25:99", code=MISTAKE)


def test_clock_and_due(kb: Kb) -> None:
    """What is due next, how it stands with each promise, and why."""
    assert "响应" in kb("due", "--within", 60).output
    kb("due", "--owner", "谁", code=NOTHING)
    assert json.loads(kb("due", "--json").output)[0]["clock"] == "answer"
    assert "计入  20 分钟" in kb("clock", 1, "--why").output
    assert {c["name"] for c in json.loads(kb("clock", 1, "--json").output)} == {"answer", "restore"}
    kb("case", "promise", 1, "三点回电", "--until", "2026-12-31 15:00", "--at", "2026-12-31 14:00", code=MISTAKE)


def test_policy(kb: Kb) -> None:
    """Shown, checked with line, tried on what was, and adopted by open cases."""
    text = kb("policy", "show").output
    stricter = Path("new.yml")
    stricter.write_text(text.replace("within: 4 h", "within: 1 h"), "utf8")
    tried = kb("policy", "try", stricter)
    assert "恢复" in tried.output
    data = json.loads(kb("policy", "try", stricter, "--json").output)
    assert (data["cases"], [m["clock"] for m in data["moved"]]) == (1, ["restore"])
    assert data["shares"]["answer"][0]["share"] is None
    stricter.write_text(text + "tea: 5\n", "utf8")
    assert "new.yml:" in kb("policy", "check", stricter, code=NOTHING).output
    assert "new.yml:" in kb("policy", "try", stricter, code=MISTAKE).stderr
    kb("policy", "check", "none.yml", code=MISTAKE)
    Path("service.yml").write_text(text.replace("within: 4 h", "within: 1 h"), "utf8")
    assert "1 个服务单" in kb("policy", "adopt", "--by", "赵").output
    assert "0 个服务单" in kb("policy", "adopt").output
    assert "改用新的服务承诺" in kb("case", "show", 1).output


def test_figures(kb: Kb) -> None:
    """How many, how they came, what was kept, each with its denominator."""
    assert "1 个服务单" in kb("case", "figures").output
    data = json.loads(kb("case", "figures", "--json").output)
    assert (data["cases"], data["by"]["channel"], data["promises"]["answer"]["share"]) == (1, {"phone": 1}, None)
    assert json.loads(kb("case", "figures", "--customer", "谁", "--json").output)["cases"] == 0
    assert json.loads(kb("case", "figures", "--month", "2020-02", "--json").output)["cases"] == 0
    assert "2026-11" in kb("case", "figures", "--month", "November", code=MISTAKE).stderr


def test_a_sample_year(kb: Kb) -> None:
    """Where there are cases, none are made up unless one insists; then they count like any others."""
    assert "--yes" in kb("sample-service", "--count", 20, code=MISTAKE).stderr
    made = json.loads(kb("sample-service", "--count", 20, "--yes", "--json").output)
    assert (made["cases"], made["seed"], made["stores"]) == (20, 1, 4)
    assert "全部与记录相符" in kb("case", "check").stderr


def test_workdays(kb: Kb) -> None:
    """A year's working days, with 调休; one that nobody announced is provisional, and says so."""
    data = json.loads(kb("workdays", 2026, "--json").output)
    assert (sum(data["months"]), data["announced"]) == (248, True)
    assert "2026-02-14" in data["opened"]
    assert "上班 14 28" in kb("workdays", 2026).output
    far = kb("workdays", 2199)
    assert "暂定" in far.stderr
    assert "365" in kb("workdays", 2026, "--calendar", "always").output
    assert "office" in kb("workdays", 2026, "--calendar", "moon", code=MISTAKE).stderr


def test_doctor_knows_which_year_is_not_announced(kb: Kb) -> None:
    """Where days off are not known it says so, and how it is mended; a broken file is told with its line."""
    told = {d["what"]: d for d in json.loads(kb("doctor", "--json", code=NOTHING).output)}["服务承诺"]
    known = TODAY.year + (TODAY.month >= 11) in ANNOUNCED
    assert (told["ok"], "暂定" in told["found"]) == (known, not known)
    Path("service.yml").write_text(kb("policy", "show").output + "tea: 5\n", "utf8")
    broken = {d["what"]: d for d in json.loads(kb("doctor", "--json", code=NOTHING).output)}["服务承诺"]
    assert "service.yml:" in broken["found"]


def test_check_tells_and_rebuilds(kb: Kb, settings: Settings) -> None:
    """What a row says that its log does not is told, with exit code 1, and computed anew."""
    import sqlite3

    with sqlite3.connect(settings.database) as connection:
        connection.execute("UPDATE cases SET priority = 'P9'")
    connection.close()
    assert "P9" in kb("case", "check", code=NOTHING).output
    kb("case", "check", "--rebuild")
    kb("case", "check")


@pytest.mark.parametrize("action", [a.name for a in ACTIONS if a.name != "adopt"])
def test_every_action_has_a_command(off: Kb, action: str) -> None:
    """Each row of the table explains itself, with an example and an option for each of its fields."""
    name = "new" if action == "report" else action
    row = next(a for a in ACTIONS if a.name == action)
    shown = off("case", name, "--help").output
    assert f"kb case {name}" in shown
    for field in (f for asked in (*row.asks, *row.takes) for f in asked.split("|")):
        assert field in ("text", "policy", "files") or f"--{field} " in shown


def test_in_english(kb: Kb) -> None:
    """Nothing Chinese is printed beside a customer's own words."""
    use("en")
    Path("kb.toml").write_text('language = "en"\n', "utf8")
    kb("case", "new", "printer jam", "--by", "Li")
    for arguments in (
        ("case", "show", 2),
        ("clock", 2, "--why"),
        ("case", "figures"),
        ("workdays", 2199),
        ("case", "check"),
    ):
        result = kb(*arguments)
        assert not any("\u4e00" <= c <= "\u9fff" for c in result.output + result.stderr), result.output


# --- mail, duty, notices ---------------------------------------------------------------------------


def test_mail_from_standard_input(kb: Kb) -> None:
    """A message that a mail server pipes in opens a case, and is its entry when it comes again."""
    message = "From: wang@x.example\nSubject: VPN\nMessage-ID: <1@x.example>\n\n连不上 VPN，提示 809\n"
    told = json.loads(kb("mail", "-", "--json", stdin=message).output)
    assert (told["fate"], told["opened"]) == ("case", True)
    assert json.loads(kb("mail", "-", "--json", stdin=message).output)["number"] == told["number"]
    assert "连不上 VPN" in kb("case", "show", told["number"]).output
    kb("mail", "--held", code=NOTHING)
    assert "imap_host" in kb("mail", "--imap", code=MISTAKE).stderr
    assert "--imap" in kb("mail", code=MISTAKE).stderr
    assert "3" in kb("mail", "--drop", "3", code=MISTAKE).stderr
    kb("mail", "--accept", "3", code=MISTAKE)


def test_held_mail(kb: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed, and taken or dropped by its number."""
    monkeypatch.setattr("kb.service.incoming.MOST", 0)
    for n in ("1", "2"):
        message = f"From: wang@x.example\nSubject: VPN {n}\nMessage-ID: <{n}@x.example>\n\n连不上 VPN，第 {n} 次\n"
        assert kb("mail", "-", stdin=message).output == "many\n"
    assert re.findall(r"^(\d)  .* many  wang@x\.example  (VPN \d)$", kb("mail", "--held").output, re.MULTILINE) == [
        ("1", "VPN 1"),
        ("2", "VPN 2"),
    ]
    assert kb("mail", "--show", "1").output == "连不上 VPN，第 1 次\n"
    assert kb("mail", "--accept", "1").output.startswith("case  ")
    kb("mail", "--drop", "2")
    kb("mail", "--held", code=NOTHING)


def test_duty(kb: Kb) -> None:
    """A shift is typed or read from a table; who is on duty, when nobody is, when two are."""
    kb("duty", "now", code=NOTHING)
    begun, ends = f"{TODAY - timedelta(hours=30):%Y-%m-%d %H:%M}", f"{TODAY + timedelta(days=3):%Y-%m-%d %H:%M}"
    kb("duty", "add", "张三", "--from", begun, "--until", ends, "--team", "网络组", "--phone", "138")
    assert "网络组：张三 138" in kb("duty", "now", "--team", "网络组").output
    Path("值班表.csv").write_text(f"班组,开始,结束,值班人\n网络组,{begun},{ends},李四\n", "utf8")
    assert "重了：张三, 李四" in kb("duty", "import", "值班表.csv").output
    gaps = json.loads(kb("duty", "gaps", "--json", code=NOTHING).output)
    assert [g["people"] for g in gaps] == [[], ["张三", "李四"]]
    shifts = json.loads(kb("duty", "list", "--json").output)
    assert [s["person"] for s in shifts] == ["张三", "李四"]
    kb("duty", "remove", shifts[0]["id"])
    assert len(kb("duty", "list").output.splitlines()) == 1
    assert "nirgends" in kb("duty", "import", "nirgends.csv", code=MISTAKE).stderr


def test_the_minutes_run_and_the_outbox(kb: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is put into the outbox and sent; what was not taken is listed and tried again; the doctor tells."""
    kb("outbox", code=NOTHING)
    kb("person", "add", "li.si", "--role", "lead")
    told = kb("person", "notify", "li.si", "--mail", "li@x.example", "--set", "case=now", "--set", "unhelpful=never")
    assert "unhelpful\tnever" in told.output
    assert "daily" in kb("person", "notify", "li.si", "--set", "case=soon", code=MISTAKE).stderr
    for name, value in (("HOST", "127.0.0.1"), ("PORT", "9"), ("SECURITY", "none"), ("FROM", "help@desk.example")):
        monkeypatch.setenv(f"KB_MAIL_{name}", value)
    kb("case", "new", "王工的打印机卡纸", "--contact", "wang@x.example")
    kb("case", "reply", "2", "请先清纸路")
    assert json.loads(kb("tick", "--json").output)["failed"] == 1
    assert kb("tick").stderr.startswith("新通知 0 条")
    waits = json.loads(kb("outbox", "--json").output)
    assert [(w["channel"], w["error"]) for w in waits] == [("mail", "ConnectionRefusedError")]
    assert "请先清纸路" not in kb("outbox", "--retry").output
    assert "✗ 发信服务器：127.0.0.1:9 ConnectionRefusedError" in kb("doctor", code=NOTHING).output


# --- customers, devices, parts ---------------------------------------------------------------------


def test_customers_devices_and_parts(kb: Kb) -> None:
    """Imported as seen, shown, searched, moved, counted, taken back."""
    Path("客户.csv").write_text("客户,简称,地点,城市,联系人,电话\n山东省厅,省厅,机房,济南,王工,13800138000\n", "utf8")
    Path("设备.csv").write_text(f"产品,序列号,客户,质保到期\nS5130,SN12345A,省厅,{LATER[:10]}\n", "utf8")
    Path("备件.csv").write_text("备件号,备件名称,最低库存,库房,城市,数量\n0231A0QN,电源,2,济南库,济南,2\n", "utf8")
    assert "新增 1" in kb("customer", "import", "客户.csv").output
    kb("customer", "list", code=NOTHING)
    for kind, file in (("customer", "客户"), ("device", "设备"), ("part", "备件")):
        kb(kind, "import", f"{file}.csv", "--yes")
    Path("错.csv").write_text("产品,序列号,客户\nS5130,SN77777B,没有\n", "utf8")
    assert "第 2 行：没有客户“没有”" in kb("device", "import", "错.csv", "--yes", code=NOTHING).output
    assert "山东省厅" in kb("customer", "list", "王工").output
    assert "13800138000" in kb("customer", "show", "省厅").output
    assert "SN12345A" in kb("device", "list", "--customer", "省厅").output
    assert json.loads(kb("device", "ending", "--days", 30, "--json").output)[0]["customer"] == "山东省厅"
    kb("case", "new", "掉线", "--device", "sn12345a")
    assert [c["title"] for c in json.loads(kb("device", "show", "SN12345A", "--json").output)["cases"]] == ["掉线"]
    assert "26" in kb("device", "show", "条码 SN12345A").output
    kb("part", "move", "0231A0QN", "--from", "济南库", "--case", "1")
    assert json.loads(kb("part", "stock", "0231A0QN", "--json").output)[0]["quantity"] == 1
    assert "现有 1，下限 2" in kb("part", "list", "--below").output
    assert (
        "只有 1 件"
        in kb("part", "move", "0231A0QN", "--from", "济南库", "--case", 1, "--quantity", 2, code=MISTAKE).stderr
    )
    assert "+2" in kb("part", "count", "0231A0QN", "--at", "济南库", "--quantity", 3, "--reason", "盘点").stderr
    kb("part", "place", "德州库", "--city", "德州")
    assert "德州库" in kb("part", "place").output
    kb("device", "undo", 2, code=MISTAKE)
    kb("part", "undo", 3)
    kb("part", "undo", 3, code=MISTAKE)
    kb("customer", "undo", 99, code=MISTAKE)


def test_rows_are_set_by_hand(kb: Kb) -> None:
    """FIELD=VALUE in either language; --new adds one; what was set is taken back by its number."""
    kb("customer", "set", "--new", "山东省厅", "简称=省厅", "promises=telecom")
    kb("customer", "set", "市局", "备注=x", code=MISTAKE)
    assert "--new" in kb("customer", "set", "省厅", "--site", "二楼", "城市=x", code=MISTAKE).stderr
    kb("customer", "set", "--new", "山东省厅", code=MISTAKE)
    kb("customer", "set", "省厅", "--contact", "王工", "--new", "电话=138 0013 8000")
    kb("customer", "set", "省厅", "--contract", "HT-1", "--new", "合同类型=维保", "ends=2099-12-31")
    kb("customer", "set", "省厅", "--site", "机房", "--new", "城市=济南")
    assert "13800138000" in kb("customer", "show", "省厅").output
    kb("device", "set", "--new", "SN12345A", "产品=S5130", "客户=省厅", "地点=机房", "合同=HT-1")
    done = kb("device", "set", "SN12345A", "质保到期=2030-01-01")
    assert "2030-01-01" in kb("device", "show", "SN12345A").output
    found = re.search(r"kb device undo (\d+)", done.stderr)
    assert found
    kb("device", "undo", found[1])
    assert "2030-01-01" not in kb("device", "show", "SN12345A").output
    kb("part", "set", "--new", "FAN-1", "备件名称=风扇", "最低库存=1")
    assert "没有改动" in kb("part", "set", "FAN-1", "minimum=1").stderr
    assert "FAN-1" in kb("part", "list", "--below").output
    assert "项=值" in kb("part", "set", "FAN-1", "风扇", code=MISTAKE).stderr
    assert "颜色" in kb("part", "set", "FAN-1", "颜色=红", code=MISTAKE).stderr


def test_a_case_goes_out_and_comes_back(kb: Kb, settings: Settings) -> None:
    """One file for a site without a network; what comes back is seen, written once, and told as data."""
    kb("build")
    path = Path(kb("pack", "--case", 1).output.strip())
    found = re.search(r'data-known="([^"]+)"', path.read_text("utf8"))
    assert found
    said = {**json.loads(html.unescape(found[1])), "diagnosis": "搓纸轮磨平", "signer": "王工"}
    Path("带回.json").write_text(json.dumps(said), "utf8")
    assert "诊断" in kb("case", "read", "带回.json").output
    assert "搓纸轮磨平" not in kb("case", "show", 1).output
    assert json.loads(kb("case", "read", "带回.json", "--yes", "--json").output)["new"] == 4
    assert "搓纸轮磨平" in kb("case", "show", 1).output
    assert "会写入 0 条" in kb("case", "read", "带回.json").stderr
    Path("带回.json").write_text(json.dumps({**said, "case": "26-99999-1"}), "utf8")
    kb("case", "read", "带回.json", code=MISTAKE)
    kb("case", "read", "没有.json", code=MISTAKE)
    kb("pack", "--case", 9, code=MISTAKE)
    assert "上门" in kb("case", "figures").output


CHECKLIST = """---
id: KB-000900
kind: manual
title: 巡检表
---
- [ ] 风扇正常
- [ ] 温度合适 {value: 温度}
- [ ] 软件与登记相符 {version: 软件}
"""


def test_rounds_versions_and_the_month(kb: Kb, settings: Settings, tmp_path: Path) -> None:
    """Planned, done with a bad item, skipped; guarded times; who is behind; a report on the screen and encrypted."""
    (settings.articles / "c.md").write_text(CHECKLIST, "utf8")
    kb("build")
    (tmp_path / "客户.csv").write_text("客户,简称,地点,城市\n山东省厅,省厅,机房,德州\n", "utf8")
    (tmp_path / "设备.csv").write_text("产品,序列号,客户,地点,版本\nS5130,SN12345A,省厅,机房,软件=7.1\n", "utf8")
    (tmp_path / "版本.csv").write_text("序列号,软件,版本\nSN12345A,软件,7.2\n", "utf8")
    for kind, file in (("customer", "客户"), ("device", "设备"), ("census", "版本")):
        kb(kind, "import", tmp_path / f"{file}.csv", "--yes")
    first = f"{TODAY - timedelta(days=20):%Y-%m-%d}"
    assert kb("round", "list", code=NOTHING)
    assert kb("round", "plans", code=NOTHING)
    asked = ("--customer", "省厅", "--checklist", "KB-000900", "--every", 2, "--unit", "weeks", "--starts", first)
    plan = kb("round", "plan", *asked, "--name", "双周巡检").output.strip()
    assert "双周巡检" in kb("round", "plans").output
    assert first in kb("round", "list").output
    assert "风扇正常" in kb("round", "show", plan, first).output
    assert "应指一项" in kb("round", "done", plan, first, "--bad", "别的=坏", code=MISTAKE).stderr
    number = kb("round", "done", plan, first, "--bad", "风扇=有异响", "--value", "温度=25").output.strip()
    assert "有异响" in kb("case", "show", number).output
    second = f"{TODAY - timedelta(days=6):%Y-%m-%d}"
    kb("round", "skip", plan, second, "--reason", "停业")
    states = [r["state"] for r in json.loads(kb("round", "list", "--settled", "--json").output)]
    assert states == ["skipped", "done"]
    kb("round", "end", plan)
    assert json.loads(kb("round", "plans", "--json").output)[0]["ends"]

    kb("census", "want", "S51*", "软件", "7.3")
    assert "7.2 → 7.3" in kb("census", "behind").output
    kb("census", "tell", "SN12345A", "软件", "7.3")
    kb("census", "behind", code=NOTHING)
    assert json.loads(kb("census", "list", "--json").output)[0]["asked"] == 1
    kb("census", "updates", code=NOTHING)
    update = "---\nid: KB-000901\nkind: manual\ntitle: 升级\nproduct: [S5130]\nversions: [软件 7.4]\n---\n# 升级\n"
    (settings.articles / "u.md").write_text(update, "utf8")
    kb("build")
    assert "1 台" in kb("census", "updates").output
    assert "7.3 → 7.4" in kb("census", "updates", "KB-000901").output

    span = ("--from", f"{TODAY:%Y-%m-%d} 00:00", "--until", LATER)
    kb("guard", "list", code=NOTHING)
    guard = kb("guard", "add", "两会", "--customer", "省厅", *span).output.strip()
    assert "两会" in kb("guard", "list").output
    kb("guard", "remove", guard)
    kb("guard", "list", code=NOTHING)

    month = f"{TODAY:%Y-%m}"
    assert number in kb("report", "省厅", month).output
    kb("report", "省厅", month, "--out", tmp_path / "月报.csv")
    assert number in (tmp_path / "月报.csv").read_text("utf-8-sig")
    key = pyrage.x25519.Identity.generate()
    kb("report", "省厅", month, "--out", tmp_path / "月报.csv", "--recipient", str(key.to_public()))
    assert number in pyrage.decrypt((tmp_path / "月报.csv.age").read_bytes(), [key]).decode()
    assert "2026-11" in kb("report", "省厅", "2026-13", code=MISTAKE).stderr
