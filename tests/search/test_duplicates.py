"""Tests of kb.search.duplicates: what is listed as said twice, and what only looks so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kb.bundle import open_current
from kb.indexer import build as building
from kb.indexer.build import build
from kb.model import Article, Duplicate
from kb.search.duplicates import duplicates, similar
from kb.search.index import Index
from kb.settings import Settings

Write = Callable[[str, str], Path]

HEAD = "---\nid: {id}\nkind: {kind}\ntitle: {title}\narea: database\nstatus: {status}\n---\n"

FULL = """\
## 现象

业务保存单据时报错，告警日志反复出现 ORA-01653，提示表空间 USERS 无法扩展。夜里的批处理停在一半，
客户重启中间件后仍然如此，只有查询还能用。磁盘监控显示数据盘还有余量。

## 原因

数据文件没有打开自动扩展，导入历史单据之后写满了。值班人员看的是磁盘余量，没有看表空间的用量。

## 排查

1. 查询 dba_data_files，看 autoextensible 一列是否为 NO。
2. 查询 dba_free_space，确认剩余不足一个区。

## 解决

1. 给表空间增加一个数据文件，大小 8 GB，打开自动扩展。
2. 重新提交失败的批处理，核对单据数目。
3. 给表空间用量加上告警，到百分之八十五就派单。
"""

REWORDED = """\
## 现象

中午起开不了单，应用日志写着 ORA-01653 unable to extend table，重启应用没用。表空间 USERS 用满。

## 原因

dba_data_files 里 autoextensible 是 NO，历史单据导入把数据文件写满。

## 解决

加数据文件并允许自动扩展，再补跑夜里的批处理；监控加表空间用量告警。
"""

OTHERS = {
    "k8s": ("节点 NotReady", "kubelet 起不来，containerd 的套接字没有权限，改属主之后恢复。"),
    "ap": ("无线信号弱", "会议室在楼道尽头，隔两堵墙，加一台吸顶的无线接入点。"),
    "pst": ("Outlook 打不开", "数据文件被移走了，在账户设置里把它指回去。"),
    "ups": ("机房断电", "电池老化，市电一停就全灭，换了整组电池，做了放电试验。"),
}


def text(id: str, title: str, body: str, kind: str = "case", status: str = "published") -> str:
    return HEAD.format(id=id, kind=kind, title=title, status=status) + body


@pytest.fixture
def base(write: Write) -> Write:
    """A base with a database case and a few others, so that rare words are rare."""
    write("ora.md", text("KB-000001", "单据保存失败，报 ORA-01653", FULL))
    for i, (name, (title, body)) in enumerate(OTHERS.items(), 10):
        for copy in range(8):
            write(
                f"{name}{copy}.md",
                text(f"KB-{i}{copy:04}", f"{title} {name} {copy}", f"第 {copy} 处：{body}"[: 12 + 4 * copy]),
            )
    return write


def found(index: Index, path: str) -> list[Duplicate]:
    """The pairs of one article."""
    return [d for d in duplicates(index) if path in (d.first.path, d.second.path)]


def test_a_near_copy(base: Write, indexed: Callable[[], Index]) -> None:
    """Sections in another order, a sentence more, a sentence less, other numbers: still the same text."""
    parts = FULL.replace("8 GB", "16 GB").replace("磁盘监控显示数据盘还有余量。", "").split("## ")
    copy = "## ".join([parts[0], parts[2], parts[1], *parts[3:]]) + "\n客户次日确认正常。\n"
    base("copy.md", text("KB-000002", "保存单据失败，报 ORA-01653", copy))
    (pair,) = found(indexed(), "copy.md")
    assert (pair.first.path, pair.second.path, pair.kind) == ("copy.md", "ora.md", "text")
    assert pair.overlap == pair.sure > 0.7
    assert "ORA-01653" in pair.names
    assert {"单据", "失败"} <= set(pair.words)


def test_the_same_fault_in_other_words(base: Write, indexed: Callable[[], Index]) -> None:
    """Another engineer's shorter write-up of it shares the rare words, not the text."""
    base("again.md", text("KB-000003", "开不了单，应用报 ORA-01653", REWORDED))
    (pair,) = found(indexed(), "again.md")
    assert pair.kind == "fault"
    assert pair.overlap < 0.5 <= pair.sure
    assert "ORA-01653" in pair.names


@pytest.mark.parametrize(
    ("title", "code"), [("单据保存失败，报 ORA-01652", "ORA-01652"), ("单据保存失败，报 0x80070005", "0x80070005")]
)
def test_another_code_is_another_fault(base: Write, indexed: Callable[[], Index], title: str, code: str) -> None:
    """However alike the texts are."""
    base("other.md", text("KB-000004", title, FULL.replace("ORA-01653", code)))
    assert not found(indexed(), "other.md")


def test_another_model_is_another_fault(base: Write, indexed: Callable[[], Index]) -> None:
    """The same holds for models, versions and plain numbers of both titles."""
    for i, name in enumerate(("P3015", "P4015", "7.5.0", "7.6.1", "第 3 层", "第 4 层")):
        body = FULL.replace("ORA-01653", "").replace("USERS", name)
        base(f"model{i}.md", text(f"KB-00010{i}", f"换件后 {name} 仍不工作", body))
    assert duplicates(indexed()) == []


def test_two_texts_of_one_template(base: Write, indexed: Callable[[], Index]) -> None:
    """What a text is about stands in it again and again; where that differs, the rest is a template."""
    steps = "打开 {0} 的控制台，新建 {0} 桶，记下地址；给 {0} 建一个只读的密钥。挂载之前先装客户端，端口 443 要放行。"
    for name in ("阿里云", "腾讯云"):
        base(
            f"{name}.md", text(f"KB-00020{len(name)}", f"在{name}上挂载对象存储", steps.format(name) * 3, kind="manual")
        )
    assert duplicates(indexed()) == []


def test_a_manual_has_no_fault(base: Write, indexed: Callable[[], Index]) -> None:
    """A manual may say what a case says: it is where the case belongs."""
    base("manual.md", text("KB-000005", "ORA-01653 开不了单的处理规范", REWORDED, kind="manual"))
    assert not found(indexed(), "manual.md")


def test_archived_articles_are_left_out(base: Write, indexed: Callable[[], Index]) -> None:
    """Who archives one of two has dealt with them; a draft still counts."""
    base("old.md", text("KB-000006", "单据保存失败，报 ORA-01653", FULL, status="archived"))
    index = indexed()
    assert duplicates(index) == []
    assert similar(index, replace(index.articles[index.number_of("ora.md")], body=FULL)) == []


def test_articles_that_are_no_more(base: Write, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a large base still holds of an article that was deleted or changed since is no duplicate."""
    monkeypatch.setattr(building, "BESIDE_FROM", 3)
    monkeypatch.setattr(building, "BESIDE_SHARE", 10.0)
    path = base("copy.md", text("KB-000002", "保存单据失败，报 ORA-01653", FULL))
    build(settings)
    draft = Article(path="", id="", kind="case", title="单据保存失败，报 ORA-01653", body=FULL)

    def alike() -> tuple[list[str], int]:
        index = Index(open_current(settings.index))
        return sorted(d.second.path for d in similar(index, draft)), len(found(index, "ora.md"))

    assert alike() == (["copy.md", "ora.md"], 1)
    path.write_text(text("KB-000002", "无线信号弱", "会议室在楼道尽头。"), "utf8")
    build(settings)
    assert open_current(settings.index).base is not None
    assert alike() == (["ora.md"], 0)
    path.unlink()
    build(settings)
    assert alike() == (["ora.md"], 0)


def test_a_text_that_is_not_in_the_base(base: Write, indexed: Callable[[], Index]) -> None:
    """An unsaved text is compared by its title and body alone, and never with what stands under its own path."""
    index = indexed()
    draft = Article(path="", id="", kind="case", title="开不了单，应用报 ORA-01653", body=REWORDED)
    assert [(d.second.path, d.kind) for d in similar(index, draft)] == [("ora.md", "fault")]
    assert similar(index, replace(draft, path="ora.md")) == []


@pytest.mark.parametrize("body", ["", "。", "ORA-01653", "的 了 是"])
def test_next_to_nothing_is_like_nothing(base: Write, indexed: Callable[[], Index], body: str) -> None:
    """A text that has only begun is no duplicate."""
    assert similar(indexed(), Article(path="", id="", kind="case", title="", body=body)) == []


def test_an_empty_base(indexed: Callable[[], Index]) -> None:
    """Nothing is like nothing."""
    index = indexed()
    assert duplicates(index) == []
    assert similar(index, Article(path="", id="", title="打印机", body="卡纸")) == []


def test_the_sample_articles_are_all_different(built: Index) -> None:
    """Written to be different, and none is listed."""
    assert duplicates(built) == []
