"""Accounts from the shell: person add, list, role, reset, disable."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kb.cli import cli
from kb.cli.common import FOUND, MISTAKE, NOTHING
from kb.database.connection import Store
from kb.people.accounts import People
from kb.people.journal import Journal


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def person(*words: str, code: int = FOUND) -> Result:
    result = CliRunner().invoke(cli, ["person", *words])
    assert result.exit_code == code, result.output
    return result


def test_somebody_comes_and_goes(tmp_path: Path) -> None:
    """Added with a link that sets a password; listed; another role; a new link; let in no more, and again."""
    assert "还没有人" in person("list", code=NOTHING).output
    link = re.search(r"/welcome/([\w-]+)", person("add", "Wang.Wu", "--name", "王五", "--role", "agent").output)
    assert link
    people = People(Store(str(tmp_path / "guzhi.db")))
    assert people.choose(link[1], "蓝色 cable 与 47 只乌鸦").login == "wang.wu"
    person("add", "chen.li", "--role", "administrator", "--team", "网络组")
    told = person("list").output
    assert re.search(r"客服\twang\.wu\t王五", told)
    assert "未设密码" in told
    assert "编写人" in person("role", "wang.wu", "writer").output
    listed = {p["login"]: p for p in json.loads(person("list", "--json").output)}
    assert (listed["wang.wu"]["role"], listed["chen.li"]["teams"]) == ("writer", ["网络组"])
    assert "/welcome/" in person("reset", "wang.wu").output
    person("disable", "wang.wu")
    assert "已停用" in person("list").output
    person("disable", "wang.wu", "--undo")
    assert "已停用" not in person("list").output


def test_tokens_stand_in_the_log(tmp_path: Path) -> None:
    """Who made one, who took it back."""
    for words in (["create", "dify"], ["revoke", "dify"]):
        assert CliRunner().invoke(cli, ["token", *words]).exit_code == FOUND
    lines = Journal(Store(str(tmp_path / "guzhi.db"))).lines()
    assert [(line.action, line.what) for _, line in lines] == [
        ("token_revoked", "dify"),
        ("token_created", "dify (read)"),
    ]


def test_mistakes_are_told() -> None:
    """A name that is taken, one that is not there, a login of several words, the last administrator."""
    person("add", "chen.li", "--role", "administrator")
    for words, told in (
        (("add", "chen.li"), "已有"),
        (("role", "nobody", "agent"), "nobody"),
        (("add", "chen li"), "登录名"),
        (("disable", "chen.li"), "唯一的管理员"),
    ):
        assert told in person(*words, code=MISTAKE).output
