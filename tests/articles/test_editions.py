"""Articles as people write them: nothing but the edit changes, nobody's work is lost, every link keeps working."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from conftest import ARTICLES
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from kb.articles import pictures
from kb.articles.files import ArticleFile, digest, parse
from kb.articles.frontmatter import front_matter
from kb.articles.writing import images
from kb.articles.writing.diff import compare, merged
from kb.articles.writing.drafts import MAX_DRAFTS, Drafts
from kb.articles.writing.form import edited, encoded, values_of
from kb.articles.writing.git import commit
from kb.articles.writing.rename import checked_path, move, moved_to, relinked
from kb.articles.writing.save import MAX_REVISIONS, Editions
from kb.articles.writing.workflow import TRANSITIONS, hindrances, may, next_states, number_changed, refusal
from kb.database.connection import Store
from kb.errors import ConflictError, InputError, KbError, NotFoundError
from kb.model.schema import NAMES, STATUSES
from kb.settings import Settings

Write = Callable[[str, str], Path]

CASE = """\
---
# our own note
id: KB-000001
kind: case
title: "卡纸: 13.20.01"
product: [HP LaserJet, 'Dell, Inc. 2135']
area: printer
cause: hardware
handling: onsite
severity: P3
aliases:
  - 纸卡住了，拿不出来
  - paper stuck
ticket: {system: itsm, number: 0042}
versions: ["1.10"]
status: published
created: 2025-3-2
---
## 现象

卡纸。\x20\x20
## 环境
A4
## 原因
搓纸轮磨损
## 排查
看了
## 解决
更换搓纸轮。
## 验证
打印 20 页。
"""


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store(settings.database)


@pytest.fixture
def editions(settings: Settings, store: Store) -> Editions:
    return Editions(store, settings.articles, settings.max_file_kb)


def of(text: str, path: str = "a.md") -> ArticleFile:
    return ArticleFile.of(path, text)


# --- a file as a form ------------------------------------------------------------------------


def through_a_browser(text: str) -> str:
    """What a form's field comes back as."""
    return text.replace("\n", "\r\n").replace("\r\n", "\n")


@pytest.mark.parametrize("path", sorted(ARTICLES.rglob("*.md")), ids=lambda p: p.stem)
def test_saving_without_a_change_changes_no_byte(path: Path) -> None:
    """Every article of the sample base is the same after a trip through its form."""
    raw = path.read_bytes()
    text = raw.decode()
    sent = {key: through_a_browser(value) for key, value in values_of(of(text, path.name)).items()}
    assert encoded(edited(of(text), sent, through_a_browser(parse(text, path.name).body)).text, raw) == raw


ODD_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00\ufeff"), max_size=60)
KEYS = st.dictionaries(
    st.sampled_from([*NAMES, "ticket"]),
    st.one_of(
        st.sampled_from(["x", "'a: b'", '"1.10"', "2025-3-2", "[a, 'b, c']", "\n  - a\n  - b，c", "", "~"]),
        st.text("abc 中文", min_size=1, max_size=9).map(lambda t: f'"{t}"'),
    ),
)


@given(
    KEYS, ODD_TEXT, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"])
)
def test_no_form_changes_what_was_not_edited(keys: dict[str, str], body: str, end: str, encoding: str) -> None:
    """Whatever a file looks like, showing it in a form and taking it back leaves it byte for byte as it was."""
    text = "---\n" + "".join(f"{k}: {v}\n" for k, v in keys.items()) + "---\n" + body
    raw = text.replace("\n", end).encode(encoding)
    sent = values_of(of(text))
    assert edited(of(text), sent, parse(text, "x.md").body).text == text
    assert encoded(text, raw) == raw
    assert (
        encoded(text + "more", raw)
        == raw + "more".replace("\n", end).encode(encoding.removesuffix("-sig"))[2 * (encoding == "utf-16") :]
    )


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("severity", "P1", "severity: P1"),
        ("title", "卡纸: 13.20.02", "title: '卡纸: 13.20.02'"),
        ("product", 'HP LaserJet，"Dell, Inc. 2135", Canon', "product: [HP LaserJet, 'Dell, Inc. 2135', Canon]"),
        ("versions", "1.10, 2.0", "versions: ['1.10', '2.0']"),
        ("created", "2025-03-02", "created: 2025-03-02"),
    ],
)
def test_one_key_changes_one_line(key: str, value: str, line: str) -> None:
    changed = edited(of(CASE), {**values_of(of(CASE)), key: value}).text
    old, new = CASE.split("\n"), changed.split("\n")
    assert [b for a, b in zip(old, new, strict=True) if a != b] == [line]


def test_lists_of_sentences_are_lines() -> None:
    """A customer's words may hold commas; they are edited one a line, and the rest of the file stays."""
    values = values_of(of(CASE))
    assert values["aliases"] == "纸卡住了，拿不出来\npaper stuck"
    changed = edited(of(CASE), {"aliases": values["aliases"] + "\n进不去，出不来\n"}).text
    assert parse(changed, "x.md").aliases == ("纸卡住了，拿不出来", "paper stuck", "进不去，出不来")
    assert "# our own note" in changed
    assert "ticket: {system: itsm, number: 0042}" in changed
    assert edited(of(CASE), {"aliases": ""}).text.count("\n") == CASE.count("\n") - 3


def test_a_changed_body_leaves_the_front_matter() -> None:
    changed = edited(of(CASE), {}, "新的正文\n").text
    assert changed == CASE[: CASE.index("## 现象")] + "新的正文\n"
    assert edited(of("---\ntitle: a\n---"), {}, "b").text == "---\ntitle: a\n---\nb"
    assert edited(of("plain\n"), {}, "other\n").text == "other\n"
    assert front_matter(edited(of("plain\n"), {"title": "x"}).text, "x.md").values == {"title": "x"}


def test_each_line_keeps_its_own_end() -> None:
    """In a file of mixed line ends only the edited lines are written anew."""
    raw = b"a\r\nb\nc\r\nd\re\n"
    assert encoded("a\nB\nc\nd\ne\n", raw) == b"a\r\nB\r\nc\r\nd\re\n"
    assert encoded("a\nb\nx\nc\nd\ne\n", raw) == b"a\r\nb\nx\r\nc\r\nd\re\n"


# --- saving ----------------------------------------------------------------------------------


def test_save_keeps_both_versions(editions: Editions, write: Write) -> None:
    """The first save enters the text as it was, too; nothing changed writes nothing."""
    write("a.md", CASE)
    now = editions.open("a.md")
    assert editions.save(of(now.text, "a.md"), now.digest, "王工", "") == now
    assert editions.history("a.md") == []
    saved = editions.save(of(CASE.replace("磨损", "老化"), "a.md"), now.digest, "王工", "原因更准")
    assert editions.open("a.md") == saved
    newest, first = editions.history("a.md")
    assert (newest.editor, newest.note, newest.text) == ("王工", "原因更准", saved.text)
    assert (first.editor, first.note, first.text) == ("", "", CASE)


def test_who_comes_second_overwrites_nothing(editions: Editions, write: Write) -> None:
    path = write("a.md", CASE)
    base = editions.open("a.md").digest
    editions.save(of(CASE + "one\n", "a.md"), base, "甲", "")
    with pytest.raises(ConflictError, match=r"a\.md"):
        editions.save(of(CASE + "two\n", "a.md"), base, "乙", "")
    assert path.read_text("utf8") == CASE + "one\n"
    assert editions.version_of(editions.open("a.md"), base) == CASE
    assert editions.version_of(editions.open("a.md"), "0" * 64) is None


def test_many_at_once_lose_nothing(editions: Editions, write: Write) -> None:
    """Of editors who start from one text exactly one saves; retrying, each gets a line in."""
    path = write("a.md", CASE)

    def add(name: str) -> int:
        for attempt in range(100):
            now = editions.open("a.md")
            try:
                editions.save(of(now.text + name + "\n", "a.md"), now.digest, name, "")
            except ConflictError:
                continue
            return attempt
        raise AssertionError

    names = [f"editor {n}" for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, names))
    assert sorted(path.read_text("utf8").removeprefix(CASE).split("\n")) == ["", *names]
    assert {r.editor for r in editions.history("a.md")} == {"", *names}


def test_new_articles_get_a_number_each(editions: Editions, write: Write, settings: Settings) -> None:
    write("printer/KB-000041.md", CASE)

    def create(n: int) -> ArticleFile:
        values = {"kind": "case", "area": "network", "title": f"fault {n}", "status": "draft"}
        return editions.create(values, lambda path, number: f"{path} {number}\n", "王工", "")

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(create, range(6)))
    assert sorted(f.path for f in made) == [f"network/KB-{n:06d}.md" for n in range(42, 48)]
    for f in made:
        article = parse((settings.articles / f.path).read_text("utf8"), f.path)
        assert article.body == f"{f.path} {article.id}\n"
        assert article.status == "draft"


def test_a_change_from_outside_is_noticed(editions: Editions, write: Write) -> None:
    path = write("a.md", CASE)
    editions.save(of(CASE + "1\n", "a.md"), editions.open("a.md").digest, "王工", "")
    assert not editions.changed_outside(editions.open("a.md"))
    path.write_text(CASE + "2\n", "utf8")
    now = editions.open("a.md")
    assert editions.changed_outside(now)
    editions.save(of(CASE + "3\n", "a.md"), now.digest, "李工", "")
    assert [(r.editor, r.text[len(CASE) :]) for r in editions.history("a.md")] == [
        ("李工", "3\n"), ("", "2\n"), ("王工", "1\n"), ("", ""),
    ]  # fmt: skip


def test_a_failed_save_leaves_no_version(editions: Editions, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """File and history go together: what could not be written was never saved."""
    path = write("a.md", CASE)
    now = editions.open("a.md")

    def fail(*_: object, **__: object) -> None:
        raise KbError("disk full")

    monkeypatch.setattr("kb.articles.writing.save.save", fail)
    with pytest.raises(KbError, match="disk full"):
        editions.save(of("x\n", "a.md"), now.digest, "王工", "")
    assert path.read_text("utf8") == CASE
    assert [r.text for r in editions.history("a.md")] == [CASE]


def test_the_history_is_bounded_and_holds_no_customer_data(editions: Editions, write: Write) -> None:
    write("a.md", "tel 13812345678\n")
    for n in range(MAX_REVISIONS + 3):
        now = editions.open("a.md")
        editions.save(of(f"{n}\n", "a.md"), now.digest, "王工", "")
    assert len(editions.history("a.md")) == MAX_REVISIONS
    write("b.md", "tel 13812345678\n")
    editions.save(of("none\n", "b.md"), editions.open("b.md").digest, "王工", "")
    assert "138" not in editions.history("b.md")[-1].text


@pytest.mark.parametrize(
    "path", ["", "..", "../x.md", ".git/a.md", "a.txt", "missing.md", "a\0.md", "/etc/passwd", "out.md"]
)
def test_only_articles_below_the_folder_are_opened(editions: Editions, settings: Settings, path: str) -> None:
    (settings.articles.parent / "x.md").write_text("x")
    (settings.articles / "out.md").symlink_to(settings.articles.parent / "x.md")
    with pytest.raises(NotFoundError):
        editions.open(path)


def test_bounds(editions: Editions, write: Write, settings: Settings) -> None:
    write("a.md", CASE)
    with pytest.raises(InputError, match="max_file_kb"):
        editions.save(of("x" * (settings.max_file_kb * 1024 + 1), "a.md"), editions.open("a.md").digest, "王工", "")


def test_the_number_stays() -> None:
    assert number_changed(of(CASE), of(CASE.replace("KB-000001", "KB-000002")))
    assert number_changed(of(CASE), of(CASE.replace("id: KB-000001\n", "")))
    assert not number_changed(of(CASE), of(CASE.replace("P3", "P1")))
    assert not number_changed(of("plain\n"), of("---\nid: KB-000009\n---\nplain\n"))


# --- drafts ----------------------------------------------------------------------------------


def test_drafts_are_each_visitors_own(store: Store) -> None:
    mine, yours = Drafts(store, "a"), Drafts(store, "b")
    mine.keep("x.md", "one", "d1")
    mine.keep("x.md", "two 13812345678", "d2")
    assert yours.find("x.md") is None
    draft = mine.find("x.md")
    assert draft is not None
    assert (draft.text, draft.base) == ("two 〔手机号码〕", "d2")
    for n in range(MAX_DRAFTS + 5):
        mine.keep(f"{n}.md", "text", "")
    assert len(mine.all()) == MAX_DRAFTS
    assert mine.find("x.md") is None
    mine.discard("9.md")
    assert mine.find("9.md") is None


# --- states ----------------------------------------------------------------------------------


def test_who_may_do_what() -> None:
    """Who may publish does everything of the table; others do not publish, change what is published, or archive."""
    assert all(may(a, b, publishes=True) for a, b in TRANSITIONS)
    assert next_states("draft", publishes=False) == ["review"]
    assert next_states("published", publishes=False) == ["review"]
    assert next_states("review", publishes=True) == ["published", "draft", "archived"]
    assert not may("published", "published", publishes=False)
    assert not may("archived", "review", publishes=True)
    assert "负责人" in refusal("draft", "published", "lead")
    assert {s for pair in TRANSITIONS for s in pair} == set(STATUSES)


def test_errors_keep_from_publishing(settings: Settings) -> None:
    """A draft may have errors, a published article no new ones, and customer data comes into neither."""
    draft = CASE.replace("status: published", "status: draft").replace("area: printer\n", "")
    root = settings.articles
    assert hindrances(root, None, of(draft), ()) == []
    broken = draft.replace("status: draft", "status: published")
    assert [p.message for p in hindrances(root, of(draft), of(broken), ())] == ["缺少 area"]
    assert hindrances(root, of(broken), of(broken + "\n一个错字改好了\n"), ()) == []
    found = hindrances(root, of(draft), of(draft + "联系 13812345678\n"), ())
    assert [(p.line, "手机号码" in p.message) for p in found] == [(draft.count("\n") + 1, True)]
    assert hindrances(root, of(draft + "13812345678\n"), of(draft + "x 13812345678\n"), ()) == []
    assert hindrances(root, of(CASE), of("---\ntitle: [\n---\n"), ())


# --- differences -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs", "one", "both"),
    [
        ("a\n## b\nB\n## c\n", "A\n## b\n## c\n", "A\n## b\nB\n## c\n", []),
        ("a\n## b\nB\n## c\n", "a\n## b\nC\n## c\n", "a\n## b\nB\n## c\n", ["## b"]),
        ("a\n## b\nB\n## c\n", "a\n## b\nB\n## c\n", "a\n## b\nB\n## c\n", []),
        ("a\n## b\nB\n## c\n", "a\n## c\n", "a\n## b\nB\n## c\n", [""]),
        ("a\n## b\n## c\n", "a\n## c\n", "a\n## c\n", []),
    ],
)
def test_two_texts_become_one_section_by_section(mine: str, theirs: str, one: str, both: list[str]) -> None:
    assert merged("a\n## b\n## c\n", mine, theirs) == (one, both)


def test_words_of_changed_lines_are_marked() -> None:
    rows = compare("1\n2\n3\n4\n更换搓纸轮 RM1\n6", "1\n2\n3\n4\n更换进纸轮 RM1\n6\n7")
    assert [(r.kind, r.left_line, r.right_line) for r in rows] == [
        ("gap", 0, 0), ("same", 2, 2), ("same", 3, 3), ("same", 4, 4),
        ("changed", 5, 5), ("same", 6, 6), ("added", 0, 7),
    ]  # fmt: skip
    assert rows[4].left == (("更换", False), ("搓", True), ("纸轮 RM1", False))
    assert rows[4].right == (("更换", False), ("进", True), ("纸轮 RM1", False))
    assert compare("a\nb", "a\nb") == []
    assert [r.kind for r in compare("a\nb\nc", "a\nc")] == ["same", "removed", "same"]


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_differences_tell_both_texts(first: list[str], second: list[str]) -> None:
    """What is shown of either side is that text; gaps stand for lines that are the same."""
    rows = compare("\n".join(first), "\n".join(second))
    for k, text in ((0, first), (1, second)):
        lines = [(r.left_line, r.right_line)[k] for r in rows if (r.left_line, r.right_line)[k]]
        pieces = [(r.left, r.right)[k] for r in rows if (r.left_line, r.right_line)[k]]
        whole = "\n".join(text).split("\n")
        assert lines == sorted(lines)
        assert ["".join(t for t, _ in p) for p in pieces] == [whole[n - 1] for n in lines]


# --- renaming --------------------------------------------------------------------------------


def test_links_follow_a_move(editions: Editions, store: Store, write: Write, settings: Settings) -> None:
    """The article's own links, those of others, its history, its drafts, and its old name."""
    body = "[b](../network/b.md#解决) ![图](images/p-1.png) [web](https://example.com/a.md) [self](a.md) `[c](a.md)`\n"
    write("printer/a.md", CASE + body)
    write("printer/images/p-1.png", "x")
    other = "看[卡纸](../printer/a.md#现象)，[那篇]\n\n[那篇]: ../printer/a.md\n\n```\n[x](../printer/a.md)\n```\n"
    write("network/b.md", other)
    Drafts(store, "me").keep("printer/a.md", "draft", "")
    base = editions.open("printer/a.md").digest
    touched = move(editions, store, "printer/a.md", "desk/sub/新 名.md", base, "王工", "")
    assert touched == ["printer/a.md", "desk/sub/新 名.md", "network/b.md"]
    assert not (settings.articles / "printer/a.md").exists()
    text = editions.open("desk/sub/新 名.md").text
    assert text.removeprefix(CASE) == (
        "[b](../../network/b.md#解决) ![图](../../printer/images/p-1.png) [web](https://example.com/a.md)"
        " [self](新%20名.md) `[c](a.md)`\n"
    )
    assert editions.open("network/b.md").text == other.replace(
        "(../printer/a.md#现象)", "(../desk/sub/新%20名.md#现象)"
    ).replace(": ../printer/a.md", ": ../desk/sub/新%20名.md")
    assert [r.editor for r in editions.history("desk/sub/新 名.md")] == ["王工", ""]
    assert Drafts(store, "me").find("desk/sub/新 名.md") is not None
    assert moved_to(store, "printer/a.md") == moved_to(store, "printer/a") == "desk/sub/新 名.md"
    move(editions, store, "desk/sub/新 名.md", "printer/a.md", editions.open("desk/sub/新 名.md").digest, "王工", "")
    assert moved_to(store, "printer/a.md") is None
    assert moved_to(store, "desk/sub/新 名.md") == "printer/a.md"
    assert editions.open("printer/a.md").text == CASE + body


def test_a_move_overwrites_nothing(editions: Editions, store: Store, write: Write) -> None:
    write("a.md", CASE)
    write("b.md", "other\n")
    base = editions.open("a.md").digest
    with pytest.raises(KbError, match=r"b\.md"):
        move(editions, store, "a.md", "b.md", base, "王工", "")
    with pytest.raises(ConflictError):
        move(editions, store, "a.md", "c.md", "0" * 64, "王工", "")
    assert editions.open("a.md").text == CASE
    assert editions.open("b.md").text == "other\n"
    assert move(editions, store, "a.md", "a.md", base, "王工", "") == []


def test_what_may_be_a_name() -> None:
    assert checked_path(" printer\\新的 ") == "printer/新的.md"
    assert checked_path("re\u0301seau/C#入门.md") == "r\u00e9seau/C#入门.md"
    bad_names = ("../x", "a//b", ".x", "a/.git/x", "x:y", "a/../b", "a\0b", "x" * 300, ".md", "a%2e", "")
    for bad in (*bad_names, "con", "a/NUL.txt", "com1", "a\u202eb", "x./y", "x /y"):
        with pytest.raises(InputError):
            checked_path(bad)


def test_only_links_are_relinked() -> None:
    text = "a.md (a.md) [x](a.md 'title') [y](<a.md>) ![z](a.md)\n"
    assert relinked(of(text, "s/x.md"), "s/x.md", lambda place: "t/b.md" if place == "s/a.md" else None) == (
        "a.md (a.md) [x](../t/b.md 'title') [y](<../t/b.md>) ![z](../t/b.md)\n"
    )


# --- pictures --------------------------------------------------------------------------------


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), **options: object) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


def test_pictures_are_written_anew(settings: Settings) -> None:
    """Position, camera and comments are gone, and the picture stands upright."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "SecretCam"
    raw = picture(exif=exif.tobytes(), comment=b"13812345678")
    link = images.add(settings.articles, "printer/KB-000001.md", "KB-000001", raw)
    assert link == "images/KB-000001-1.jpg"
    stored = (settings.articles / "printer" / link).read_bytes()
    assert b"SecretCam" in raw
    assert b"SecretCam" not in stored
    assert b"138" not in stored
    with Image.open(BytesIO(stored)) as image:
        assert image.size == (20, 40)
        assert not image.getexif()
    assert images.add(settings.articles, "printer/KB-000001.md", "KB-000001", picture("PNG")).endswith("-2.png")


def test_large_pictures_shrink() -> None:
    content, suffix = pictures.cleaned(picture("PNG", (4000, 1000)))
    with Image.open(BytesIO(content)) as image:
        assert (image.size, suffix) == ((2000, 500), ".png")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
        (b"<html>", "PNG"),
        (b"", "PNG"),
        (picture("PNG")[:60], "PNG"),
        (picture("BMP"), "PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * pictures.MAX_BYTES, "MB"),
        (
            picture("GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), "blue")]),
            "动图",
        ),
        (picture("PNG", (6000, 4200)), "像素"),
    ],
    ids=["svg", "html", "empty", "cut", "bmp", "heavy", "animated", "huge"],
)
def test_what_is_no_picture_is_refused(raw: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        pictures.cleaned(raw)


def test_as_large_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """25 million pixels are taken and one row more is refused, before any of them is decoded."""
    decoded: list[tuple[int, int]] = []
    load = PngImageFile.load

    def noting(self: PngImageFile) -> Any:
        decoded.append(self.size)
        return load(self)

    largest, larger = picture("PNG", (5000, 5000)), picture("PNG", (5000, 5001))
    monkeypatch.setattr(PngImageFile, "load", noting)
    assert pictures.cleaned(largest)[1] == ".png"
    assert set(decoded) == {(5000, 5000)}
    decoded.clear()
    with pytest.raises(InputError, match="像素"):
        pictures.cleaned(larger)
    assert decoded == []


def test_one_picture_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come at once, the memory of one is needed."""
    now, most = 0, 0
    decode = pictures._decoded

    def counting(raw: bytes) -> tuple[bytes, str]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        time.sleep(0.01)  # the others come in, if they can
        found = decode(raw)
        now -= 1
        return found

    monkeypatch.setattr(pictures, "_decoded", counting)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(pictures.cleaned, [picture("PNG")] * 8))
    assert (len(found), most) == (8, 1)


def test_pictures_of_a_new_article_get_its_name(settings: Settings) -> None:
    link = images.add(settings.articles, "new.md", "new-0a1b2c3d", picture())
    body = f"![x](/{link}) ![y](/images/new-ffffffff-1.png)"
    settled = images.settle(settings.articles, body, "new-0a1b2c3d", "network/KB-000007.md", "KB-000007")
    assert settled == "![x](images/KB-000007-1.jpg) ![y](/images/new-ffffffff-1.png)"
    assert (settings.articles / "network/images/KB-000007-1.jpg").is_file()
    assert not (settings.articles / link).exists()


# --- git -------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_note_that_no_command_takes(tmp_path: Path) -> None:
    """NUL and half characters in a note or a name do not keep what is saved from being committed."""
    subprocess.run(["git", "-C", tmp_path, "init", "-q"], check=True)
    (tmp_path / "a.md").write_text("# 甲", "utf8")
    assert commit(tmp_path, ["a.md"], "王\0工\ud800", "加了\0一篇\ud800") == ""
    told = subprocess.run(["git", "-C", tmp_path, "log", "--format=%s"], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "加了 一篇?"


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_commits_in_the_editors_name(settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the saved files, without any configuration of git, and git's complaints are told."""
    root = settings.articles
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    write("a.md", CASE)
    assert commit(root, ["a.md"], "王工", "x") == ""  # no repository: nothing to do
    git("init", "-q")
    write("b.md", "half done\n")
    git("add", "b.md")
    assert commit(root, ["a.md"], "王 <工>", "加了 -- 一篇") == ""
    assert git("log", "--format=%an|%cn|%s").strip() == "王 工|王 工|加了 -- 一篇"
    assert git("show", "--name-only", "--format=").split() == ["a.md"]
    assert "A  b.md" in git("status", "--short")
    (root / "a.md").rename(root / "c.md")
    assert commit(root, ["a.md", "c.md"], "Li", "moved") == ""
    assert git("ls-files").split() == ["b.md", "c.md"]
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no way >&2\nexit 1\n")
    os.chmod(hook, 0o755)
    write("c.md", CASE + "x\n")
    assert "no way" in commit(root, ["c.md"], "Li", "refused")
    assert digest((root / "c.md").read_bytes()) == digest((CASE + "x\n").encode())
