"""Tests of kb.desk.reply and kb.articles.plain: what is sent to a customer is plain text and complete."""

import re
from pathlib import Path

import pytest
from conftest import ARTICLES

from kb.articles import markdown
from kb.articles.files import load
from kb.articles.plain import blocks, plain
from kb.desk.reply import customer_steps, reply
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
    """A chat is short, a mail holds the steps without commands, no markup and no command is left."""
    article, _ = load(path, ARTICLES, 500)
    fix = markdown.section(article, "fix")
    chat, mail = (reply(article, fix, LINK, form, "zh") for form in ("chat", "mail"))
    assert len(chat.split("\n")) <= 6
    assert chat.endswith(LINK)
    for text in (chat, mail):
        assert article.title in text
        assert "**" not in text
        assert "```" not in text
        assert not re.search(r"^ {4,}\S", text, re.MULTILINE)
    steps, more = customer_steps(article, fix)
    assert all(step in mail for step in steps)
    assert ("工程师" in mail) == more == (len(steps) < len(blocks(fix)))
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


FIX = """\
先准备：

1. 关机，等一分钟再开。
2. 在管理员窗口里执行：

   ```
   net stop spooler
   ```

3. 点 `重新连接`，看是否还报 `0x0000011b`。
4. 删除 `C:\\Windows\\System32\\spool` 下的文件。

用下面的命令确认：

```
ping printer
```
"""


def test_customers_steps() -> None:
    """Commands, paths and what announces them are the engineer's; buttons and codes are not; steps count anew."""
    steps, more = customer_steps(Article("a.md", "1"), FIX)
    assert steps == ["先准备：", "1. 关机，等一分钟再开。", "2. 点 重新连接，看是否还报 0x0000011b。"]
    assert more
    assert customer_steps(Article("a.md", "1"), "1. 重启路由器\n2. 重新登录") == (
        ["1. 重启路由器", "2. 重新登录"],
        False,
    )
    assert customer_steps(Article("a.md", "1"), "先：\n\n1. 执行 `sfc /scannow`") == ([], True)


@pytest.mark.parametrize("heading", ["## 客户可做", "### 客戶自助", "## For the customer"])
def test_a_section_for_the_customer(heading: str) -> None:
    """Is sent instead, whole, wherever it stands, with whatever is in it."""
    body = f"## 解决\n\n{FIX}\n{heading}\n\n1. 拔掉电源\n2. 执行 `ipconfig /renew`\n\n## 验证\n\n能打印\n"
    article = Article("a.md", "1", "case", "打不出", body=body)
    assert customer_steps(article, FIX) == (["1. 拔掉电源", "2. 执行 ipconfig /renew"], False)
    mail = reply(article, FIX, "", "mail", "zh")
    assert "net stop" not in mail
    assert mail.index("拔掉电源") < mail.index("怎样确认已经解决：\n\n能打印")


def test_what_takes_an_engineer() -> None:
    """Where nothing is left for the customer, the reply says who does it, and asks for no result."""
    article = Article("a.md", "1", title="打印服务停止")
    for form in ("chat", "mail"):
        text = reply(article, "1. 执行 `net start spooler`", "", form, "zh")
        assert "工程师处理" in text
        assert "net start" not in text
        assert "是否已经恢复" not in text


def test_one_script() -> None:
    """A reply is in the customer's script, words too, whatever the article is in; its address stays."""
    link = "http://kb.corp/a/软件"
    article = Article("a.md", "1", title="打印機列印亂碼", body="## 客户可做\n\n1. 重启打印机，卸载软件\n2. 檢查紙匣\n")
    traditional = reply(article, "", link, "mail", "zh", traditional=True)
    assert "重啟印表機，解除安裝軟體" in traditional
    assert "請按下面的步驟" in traditional
    assert link in traditional
    assert not re.search("[们请发]", traditional)
    simplified = reply(article, "", link, "chat", "zh")
    assert "打印机列印乱码" in simplified
    assert "检查纸匣" in simplified


def test_an_unknown_form() -> None:
    """Is refused with those there are."""
    with pytest.raises(InputError, match="chat, mail"):
        reply(Article("a.md", "1"), "", "", "fax", "zh")
