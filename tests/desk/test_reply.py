"""Tests of kb.desk.reply and kb.articles.plain: what is sent to a customer is plain text and complete."""

from pathlib import Path

import pytest
from conftest import ARTICLES

from kb.articles import markdown
from kb.articles.files import load
from kb.articles.plain import blocks, plain
from kb.desk.reply import reply
from kb.errors import InputError
from kb.language import current
from kb.model import Article

LINK = "http://kb.corp/a/KB-000074"


def test_plain() -> None:
    """Numbers stay, code is indented, links show their address, tables are lines."""
    text = """\
2. 甲 **粗** [链](http://x.cn)
   ```
   ls -l
   ```
   - 子 `a`
3. 乙 [内](b.md)

| a | b |
|---|---|
| 1 | 2 |

> 引 <http://a.b>
"""
    first = "2. 甲 粗 链 (http://x.cn)\n       ls -l\n   - 子 a"
    assert blocks(text) == [first, "3. 乙 内", "a | b\n1 | 2", "引 http://a.b"]
    assert plain(text) == "\n\n".join(blocks(text))
    assert blocks("") == []


@pytest.mark.parametrize("path", sorted(ARTICLES.rglob("KB-0000[1-9]5.md")), ids=lambda p: p.stem)
def test_replies_from_articles(path: Path) -> None:
    """A chat is short, a mail holds every step and the way to verify it, no markup is left."""
    article, _ = load(path, ARTICLES, 500)
    fix = markdown.section(article, "fix")
    chat, mail = (reply(article, fix, LINK, form, "zh") for form in ("chat", "mail"))
    assert len(chat.split("\n")) <= 5
    assert chat.endswith(LINK)
    for text in (chat, mail):
        assert article.title in text
        assert "**" not in text
        assert "```" not in text
    assert plain(fix) in mail
    assert plain(markdown.section(article, "verification")) in mail
    assert mail.startswith("您好：")
    assert LINK in mail


def test_the_language_is_the_customers() -> None:
    """The page's own language stays as it is."""
    text = reply(Article("a.md", "KB-000001", title="Jam"), "1. Pull\n2. Push", "", "mail", "en")
    assert text.startswith("Hello,")
    assert "1. Pull\n\n2. Push" in text
    assert current() == "zh"
    chat = reply(Article("a.md", "KB-000001", title="Jam"), "Pull it.", "", "chat", "en")
    assert chat == "Hello, please try this first: Jam\nPull it."


def test_no_customer_data() -> None:
    """What must not stay in an article is not sent on."""
    for form in ("chat", "mail"):
        text = reply(Article("a.md", "1", title="找 13812345678"), "问 zhang@corp.cn", LINK, form, "zh")
        assert "13812345678" not in text
        assert "zhang@corp.cn" not in text


def test_an_unknown_form() -> None:
    """Is refused with those there are."""
    with pytest.raises(InputError, match="chat, mail"):
        reply(Article("a.md", "1"), "", "", "fax", "zh")
