"""Tests of kb.privacy: what is found, that masking can be undone, and that nothing is left behind."""

from itertools import pairwise

import pytest
import yaml
from conftest import GOLDEN
from hypothesis import given
from hypothesis import strategies as st

from kb.language import use
from kb.privacy import ARTICLE_KINDS, DEFAULT_KINDS, KINDS, find, mask, masked, unmask

LINES = yaml.load((GOLDEN / "privacy.yml").read_text("utf8"), yaml.BaseLoader)

_PIECES = (
    "13812345678 11010519491231002X a@b.co -c@d.com"
    " 010-12345678 password= 密码： 密码是 Abc@123 your_ hunter - . @ ： ="
    " ' \" \\ < [ ] 〔 〕 ;x= & 〔手机号码1〕 〔密码1〕 https://u:p4ss@h.cn 10.1.2.3 v1.2.3.4 00:1A:2B:3C:4D:5E"
    " fe80::12 QUJD １３ bytes 1 Z 卡纸 +86 转8 +44 +1-800-555-0199 (415)"
).split()
_PIECES += [" ", "\n", "token: ", "[mobile number 1]", "[password 1]", "Bearer abcdefgh12", "mysql x -pAb1"]
_PIECES += [
    "net user a ",
    "From: ",
    "Cookie: a=b1c2d3e4",
    "地址：",
    "文三路 18 号",
    "密码\n",
    "password is ",
    "curl -u a:Xy12",
]
_PIECES += (
    "张经理 联系人：张三 微信 zhang_33 QQ 1234567 京A12345 护照 E12345678 400-800-8888 6222021234567890128 (at)"
    " corp.com 税号 91110108MA01ABCD2X 1 2 12 kb_abcdefghijklmnopqrst0123 \u200b — 转8001 admin/Abc@12"
    " 账号 root x= 分机 总 工"
).split()
_PIECES += ["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"]
texts = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | st.text(max_size=60)


@pytest.mark.parametrize(("line", "expected"), LINES["found"].items())
def test_found(line: str, expected: list[str]) -> None:
    """Each piece whole, and nothing else."""
    assert [f"{kind} {line[start:end]}" for start, end, kind in find(line, KINDS)] == expected


@pytest.mark.parametrize("line", LINES["not found"])
def test_not_found(line: str) -> None:
    """Error codes, versions, serial numbers, sizes, times, examples."""
    assert find(line, KINDS) == []


def test_kinds_are_chosen() -> None:
    """Addresses of machines only when asked for; articles may show passwords."""
    text = "10.1.2.3 00:1A:2B:3C:4D:5E password=Abc123 13812345678"
    assert [f.kind for f in find(text)] == ["password", "mobile"]
    assert [f.kind for f in find(text, ARTICLE_KINDS)] == ["mobile"]
    assert [f.kind for f in find(text, ["ip"])] == ["ip"]
    assert find(text, []) == []
    assert set(DEFAULT_KINDS) < set(KINDS)


def test_a_private_key() -> None:
    """The whole block is one password, also when its end was cut off."""
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 2
    for end in ("\n-----END PRIVATE KEY-----\n报错", ""):
        text = f"-----BEGIN PRIVATE KEY-----\n{line}\n{line}{end}"
        assert masked(text) == f"-----BEGIN PRIVATE KEY-----〔密码〕{end.lstrip()}"


def test_placeholders_are_numbered() -> None:
    """The same data is the same placeholder; one that the text holds is passed over."""
    found = mask("〔手机号码1〕 13812345678 13912345678 13812345678")
    assert found.text == "〔手机号码1〕 〔手机号码2〕 〔手机号码3〕 〔手机号码2〕"
    assert found.originals == (("〔手机号码2〕", "13812345678", "mobile"), ("〔手机号码3〕", "13912345678", "mobile"))
    assert unmask("请拨 〔手机号码3〕", found.originals) == "请拨 13912345678"
    use("en")
    assert mask("call 13812345678").text == "call [mobile number 1]"
    assert masked("call 13812345678") == "call [mobile number]"


@pytest.mark.parametrize("language", ["zh", "en"])
@given(text=texts)
def test_masking_can_be_undone_and_leaves_nothing(language: str, text: str) -> None:
    """Every text comes back as it was, and a masked one has nothing more to mask."""
    use(language)
    for kinds in (DEFAULT_KINDS, KINDS):
        found = mask(text, kinds)
        assert unmask(found.text, found.originals) == text
        assert find(found.text, kinds) == []
        assert mask(found.text, kinds).text == found.text
        assert find(masked(text, kinds), kinds) == []


@given(texts)
def test_pieces_do_not_overlap(text: str) -> None:
    """They stand in the order of the text."""
    found = find(text, KINDS)
    assert all(0 <= f.start < f.end <= len(text) for f in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize(
    "piece",
    'a|a.|@|a@|x@a.|138-|password=|password="|://a:|-----BEGIN PRIVATE KEY-----|::|mysql |user a |+1 (1)'.split("|"),
)
def test_long_repetitions(piece: str) -> None:
    """Text made to keep a pattern busy is read like any other."""
    text = piece * (5_000 // len(piece))
    found = mask(text, KINDS)
    assert unmask(found.text, found.originals) == text
