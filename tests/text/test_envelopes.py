"""Envelopes: who sent a mail, what it answers, and whether anybody wrote it; the rest is tested with cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text.envelopes import answerable, read


def head(**headers: str) -> bytes:
    return "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items()).encode() + b"\r\nx"


def test_who_sent_it() -> None:
    """The address as it is written, folded; a decoded name that looks like another one counts for nothing."""
    found = read(head(From="=?utf-8?B?5pyN5YqhIDxoZWxwQGRlc2suZXhhbXBsZT4=?= <Wang@X.example>", Subject="x"))
    assert found.sender == "wang@x.example"
    assert read(head(From="nobody")).sender == ""
    assert read(head(Subject="x")).sender == ""


def test_what_it_answers() -> None:
    """The nearest first, each once, however the header is folded."""
    found = read(head(In_Reply_To="<c@x>", References="<a@x>\r\n <b@x>\r\n\t<c@x>"))
    assert found.references == ("<c@x>", "<b@x>", "<a@x>")


def test_a_mail_without_a_name_is_known_by_its_bytes() -> None:
    """So is one whose name is none, or too long."""
    first = read(head(From="a@x.example"))
    assert first.message_id.endswith("@digest.invalid>")
    assert read(head(From="a@x.example")).message_id == first.message_id
    assert read(head(From="b@x.example")).message_id != first.message_id
    assert read(head(Message_ID=f"<{'a' * 500}@x>")).message_id.endswith("@digest.invalid>")
    assert read(head(Message_ID=" <1@x> ")).message_id == "<1@x>"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "no"},
        {"Precedence": "first-class"},
        {"Subject": "回复：自动化设备报警"},
        {"Subject": "Reading room printer"},
        {"Return_Path": "<wang@x.example>"},
        {"X_Priority": "1"},
        {"From": "bouncer@x.example"},
    ],
)
def test_what_somebody_wrote(headers: dict[str, str]) -> None:
    """What only looks like a program's is taken."""
    found = read(head(**{"From": "wang@x.example", "Subject": "卡纸", **headers}))
    assert (found.automatic, found.quiet) == ("", False)


def test_whom_nobody_answers() -> None:
    """Addresses that say so themselves."""
    told = ["noreply@x.cn", "no-reply@x.cn", "do-not-reply@x.cn", "mailer-daemon@x.cn", "bounce+1=a@x.cn", ""]
    assert not any(map(answerable, told))
    assert answerable("wang@x.cn")


@given(st.binary(max_size=400))
def test_any_bytes_have_an_envelope(data: bytes) -> None:
    """Whatever comes, it is read without an error, and has a name of bounded length."""
    found = read(data)
    assert 0 < len(found.message_id) <= 250
    assert len(found.sender) <= 190
