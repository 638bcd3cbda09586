"""Tests of kb.desk.intake: what mails, logs and texts say, in the encodings they come in, broken ones included."""

import base64
import gzip
import io
import re
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage

import pytest

from kb.articles import lettering
from kb.desk import intake
from kb.desk.intake import MAX_BYTES, read
from kb.errors import InputError
from kb.model import MAX_TEXT
from kb.text import encodings

FAULT = "打印机开机后一直报 49.4C02，重启过三次也不行，换了网线还是一样，请尽快安排人来看。"


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


def mail(text: str = FAULT, subject: str = "打印机报 49.4C02", charset: str = "utf-8") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "张三 <zhang@example.com>"
    message.set_content(text, charset=charset)
    return message


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "gb18030", "big5"])
def test_a_mail(charset: str) -> None:
    """Subject first, then the text."""
    text = FAULT if charset != "big5" else "印表機卡紙"
    found = read("a.eml", bytes(mail(text, charset=charset)))
    assert (found.kind, found.subject, found.sender) == ("mail", "打印机报 49.4C02", "张三 <zhang@example.com>")
    assert found.text == f"打印机报 49.4C02\n\n{text}"
    assert found.notes == found.attachments == ()


def test_a_japanese_mail() -> None:
    """ISO-2022-JP, by its own name."""
    assert "プリンタ" in read("a.eml", bytes(mail("プリンタが動きません", charset="iso-2022-jp"))).text


def test_wrong_names_of_encodings() -> None:
    """GBK characters called GB 2312, an encoding nobody knows, raw bytes in headers."""
    raw = (
        b"Subject: " + "打印机".encode("gbk") + b"\nContent-Type: text/plain; charset=%s\n\n" + "朱镕卡纸".encode("gbk")
    )
    for charset in (b"gb2312", b"x-nothing"):
        assert read("a.eml", raw.replace(b"%s", charset)).text == "打印机\n\n朱镕卡纸"


def test_plain_text_before_html() -> None:
    """Of the same text in two forms the plain one; HTML where there is no other."""
    both = mail()
    both.add_alternative("<p>别的</p>", subtype="html")
    assert read("a.eml", bytes(both)).text.endswith(FAULT)
    only = mail()
    only.set_content(
        "<html><head><style>p{}</style></head><body><p>第一行&nbsp;ORA-12541<br>第二行<table><tr><td>甲</td><td>乙</td></table>",
        subtype="html",
    )
    assert read("a.eml", bytes(only)).text == "打印机报 49.4C02\n\n第一行 ORA-12541\n第二行\n\n甲 乙"


def test_attachments() -> None:
    """Logs and forwarded mails are read, everything else is named."""
    message = mail()
    message.add_attachment("ERROR 卡纸".encode("gbk"), maintype="text", subtype="plain", filename="日志.log")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    message.add_attachment(mail(subject="旧邮件"))
    found = read("a.eml", bytes(message))
    assert found.attachments == ("日志.log", "a.png", "旧邮件.eml")
    assert found.text.endswith(f"转发的邮件：\n旧邮件\n\n{FAULT}\n\n附件 日志.log：\nERROR 卡纸")
    assert found.notes == ("没有读的附件：a.png",)


HISTORY = "\n\n-----原始邮件-----\n发件人：客服\n请重启"


def test_quoted_mails() -> None:
    """Left out when the new text says enough; a short answer and a forwarded mail need them."""
    found = read("a.eml", bytes(mail(FAULT + HISTORY)))
    assert "客服" not in found.text
    assert found.notes == ("引用的旧邮件和签名没有读",)
    assert "请重启" in read("a.eml", bytes(mail("还是不行" + HISTORY))).text
    assert "请重启" in read("a.eml", bytes(mail(FAULT + HISTORY, "转发：打印机"))).text


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: =?gbk?B?!!!?=\nContent-Type: multipart/mixed\n\nx",
        b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\ntext",
        b"Subject: x\nContent-Transfer-Encoding: base64\n\n%%%",
        b"Subject: x\nFrom: <<<@@>>>\nContent-Type: ;;;\n\ny",
        b"Subject: x\nContent-Type: text/plain; charset=\xff\n\ny",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000)),
        b"",
    ],
)
def test_broken_mails(raw: bytes) -> None:
    """Read as far as they go, or refused with a sentence."""
    with suppress(InputError):
        assert read("a.eml", raw).kind == "mail"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_log(encoding: str) -> None:
    """Colours and control characters go, line ends are one character."""
    raw = "10:00:01 \x1b[31m错误\x1b[0m 卡纸\x00\r\n10:00:02 结束".encode(encoding)
    found = read("app.log", raw)
    assert (found.text, found.kind) == ("10:00:01 错误 卡纸\n10:00:02 结束", "log")
    assert read("app.log.gz", gzip.compress(raw)).text == found.text
    assert read("a.txt", "打印机卡纸".encode(encoding)).kind == "text"


def test_a_long_log() -> None:
    """Head, tail and the lines around errors are kept, repeated ones a few times."""
    lines = [f"10:00:00 line {n} fine" for n in range(40_000)]
    lines[20_000:20_100] = ["ERROR ORA-01653 code 17"] * 100
    found = read("app.log", "\n".join(lines).encode())
    assert len(found.text) <= MAX_TEXT
    assert found.text.startswith("10:00:00 line 0 ")
    assert found.text.endswith("line 39999 fine")
    assert 3 <= found.text.count("ORA-01653") <= 5
    assert re.match(r"原文有 40,000 行，读了第 1–1,0\d\d 行、第 3\d,\d{3} 行以后", found.notes[0])


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), ".eml"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, r"a\.png：不是完整的|guzhi\[ocr\]"),
        ("a.docx", zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}), "复制有关的部分"),
        ("a.zip", zipped({"a.exe": b"MZ"}), "没有日志或文本"),
        ("a.zip", b"PK\x03\x04 and no more", "损坏"),
        ("a.log.gz", b"\x1f\x8bxxxx", "损坏"),
        ("a.log", b"x" * (MAX_BYTES + 1), "最多 12 MB"),
        ("a.eml", b"", "没有文字"),
    ],
)
def test_refused(name: str, data: bytes, told: str) -> None:
    """With a sentence that says what would be right."""
    with pytest.raises(InputError, match=told):
        read(name, data)


def test_an_archive_that_swells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its beginning is unpacked."""
    monkeypatch.setattr(intake, "MAX_UNPACKED", 1000)
    found = read("a.log.gz", gzip.compress(b"line\n" * 1_000_000))
    assert len(found.text) <= 1000
    assert "没有全部解压" in found.notes[0]


def test_zipped_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One log is the text; of several each has its name above; what was not read is named; nothing swells."""
    log = b"10:00:01 ERROR ORA-01653\n"
    found = read("logs.zip", zipped({"a/app.log": log, "a/core.dmp": b"\0"}))
    assert (found.text, found.kind) == (log.decode().strip(), "log")
    assert found.notes == ("logs.zip 里没有读的：a/core.dmp",)
    several = read("logs.zip", zipped({f"{n}.log": log for n in range(7)}))
    assert several.text.count("ORA-01653") == 5
    assert "文件 4.log：\n10:00:01" in several.text
    assert "5.log、6.log" in several.notes[0]
    monkeypatch.setattr(intake, "MAX_UNPACKED", 1000)
    swelling = read("logs.zip", zipped({"a.log": b"line\n" * 1_000_000}))
    assert len(swelling.text) <= 1000
    assert "只读了前" in swelling.notes[0]


def test_a_page_as_a_file() -> None:
    """Of a saved page its text, rows on lines of their own."""
    page = "<!DOCTYPE html><html><body><table><tr><td>服务</td><td>停止</td></tr><tr><td>打印</td></tr></table></body>"
    for name in ("a.html", "saved"):
        assert read(name, page.encode()).text == "服务 停止\n\n打印"


@pytest.mark.parametrize("size", [10_000_000, 10 * 1024 * 1024])
def test_a_log_of_ten_megabytes(size: int) -> None:
    """Is read whichever way megabytes are counted, and which of its lines were is told."""
    line = b"2024-01-02 12:33:44,123 INFO [pool-1] spooler: job 17 queued and printed\n"
    log = line * (size // len(line) - 1) + b"2024-01-02 12:33:45,000 FATAL spooler: 0x0000011b\n"
    found = read("app.log", log)
    assert found.text.endswith("0x0000011b")
    assert re.search(r"原文有 1\d\d,\d{3} 行，读了第 1–\d+ 行", found.notes[0])


def test_screenshots_in_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a few large pictures joins the mail's; a logo is none; one that can't be read is named."""
    shot = b"\x89PNG\r\n\x1a\n" + bytes(10_000)
    message = mail()
    for name, content in (("a.png", shot + b"a"), ("logo.png", shot[:500]), ("b.png", shot + b"b")):
        message.add_attachment(content, maintype="image", subtype="png", filename=name)
    monkeypatch.setattr(lettering, "read", lambda raws: [f"0x0000011b {raw[-1:].decode()}" for raw in raws])
    found = read("a.eml", bytes(message))
    assert found.text.endswith("图片 a.png：\n0x0000011b a\n\n图片 b.png：\n0x0000011b b")
    assert found.notes == ("字由机器从图里读出，请对照原图改正", "没有读的附件：logo.png")

    def refuse(raws: object) -> list[str]:
        raise InputError("pip install")

    monkeypatch.setattr(lettering, "read", refuse)
    found = read("a.eml", bytes(message))
    assert found.notes == ("pip install", "没有读的附件：logo.png、a.png、b.png")


RUSSIAN = "Принтер не печатает, на экране ошибка подключения. Перезагрузка не помогла, нужна помощь."
KOREAN = "프린터가 인쇄되지 않습니다. 화면에 연결 오류가 표시됩니다. 다시 시작해도 같은 오류가 나옵니다."


@pytest.mark.parametrize("declared", ["euc-kr", "ks_c_5601-1987", "koi8-r", "windows-1251", "iso-8859-5", "iso-8859-2"])
def test_chinese_that_is_called_something_else(declared: str) -> None:
    """The bytes decide: GBK called Korean or Russian is Chinese, in the text and in the subject."""
    for text in (FAULT, "打印机卡纸，请派人来修", "无法连接共享打印机"):
        assert encodings.read(text.encode("gbk"), declared)[0] == text
    subject = b"Subject: =?" + declared.encode() + b"?B?" + base64.b64encode("打印机坏了".encode("gbk")) + b"?=\n\n"
    assert read("a.eml", subject + b"x" * 40).subject == "打印机坏了"


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "iso-8859-5"),
        ("Ошибка", "koi8-r"),
        (KOREAN, "euc-kr"),
        ("오류", "ks_c_5601-1987"),
        ("Drucker läßt sich über das Netz nicht öffnen", "iso-8859-2"),
    ],
)
def test_what_is_what_it_is_called(text: str, declared: str) -> None:
    """Russian, Korean and German in their own encodings stay what they are."""
    assert encodings.read(text.encode(encodings.known(declared)), declared)[0] == text
