"""Tests of kb.settings: SETTINGS <- kb.toml <- KB_* environment <- options."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kb.errors import SettingsError
from kb.language import use
from kb.settings import SETTINGS, Settings, load


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's own shell counts."""
    for setting in SETTINGS:
        monkeypatch.delenv("KB_" + setting.name.upper(), raising=False)


def test_the_table_and_the_settings_are_the_same() -> None:
    """Every row of SETTINGS is a field of Settings, and is described in both languages."""
    assert [s.name for s in SETTINGS] == [f.name for f in fields(Settings)]
    assert all(s.help_zh and s.help_en for s in SETTINGS)


def test_defaults(tmp_path: Path) -> None:
    """Without anything set, the defaults hold, with folders below the current one."""
    found = load(folder=tmp_path)
    assert (found.articles, found.index) == (tmp_path / "articles", tmp_path / "index")
    assert found.database == str(tmp_path / "guzhi.db")
    assert {s.name: s.default for s in SETTINGS[3:]} == {s.name: getattr(found, s.name) for s in SETTINGS[3:]}


def test_defaults_are_usable_values() -> None:
    """Each default is what its own parser makes of it."""
    for setting in SETTINGS[2:]:
        default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
        assert setting.parse(default) == setting.default


def test_who_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file beats the default, the environment the file, an option the environment; None is not given."""
    (tmp_path / "kb.toml").write_text('port = 1\nthreads = 2\nhost = "::"\nareas = ["医疗"]\n', "utf8")
    monkeypatch.setenv("KB_PORT", "3")
    monkeypatch.setenv("KB_THREADS", "4")
    monkeypatch.setenv("KB_HOST", "")
    monkeypatch.setenv("KB_AREAS", "医疗, 教育,")
    found = load({"port": 5, "threads": None}, tmp_path)
    assert (found.port, found.threads, found.host, found.areas) == (5, 4, "::", ("医疗", "教育"))


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative folders start at kb.toml's folder, ~ is the home, absolute ones stay."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "kb.toml").write_text('articles = "../wiki"\nindex = "~/index"\n', "utf8")
    found = load(folder=tmp_path)
    assert found.articles == tmp_path / "../wiki"
    assert found.index == tmp_path / "home" / "index"
    assert load({"index": "/var/lib/guzhi"}, tmp_path).index == Path("/var/lib/guzhi")


@pytest.mark.parametrize(
    ("value", "found"), [("", ""), ("off", "off"), ("models/my", "{}/models/my"), ("/srv/my", "/srv/my")]
)
def test_encoder(tmp_path: Path, value: str, found: str) -> None:
    """The packaged one, none, or a folder that starts at kb.toml's."""
    (tmp_path / "kb.toml").write_text(f'encoder = "{value}"\n', "utf8")
    assert load(folder=tmp_path).encoder == found.format(tmp_path)


def test_kb_toml_is_looked_for_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started in a folder, Guzhi reads its kb.toml."""
    (tmp_path / "kb.toml").write_text("port = 8123", "utf8")
    monkeypatch.chdir(tmp_path)
    assert load().port == 8123


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Windows' Notepad writes one."""
    (tmp_path / "kb.toml").write_text("port = 8123", "utf-8-sig")
    assert load(folder=tmp_path).port == 8123


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("prot = 80", "'prot'"),
        ("port = 70000", "0 .. 65535"),
        ("port = true", "port"),
        ("port = 80.5", "port"),
        ('port = "eighty"', "eighty"),
        ("threads = 0", "1 .. 64"),
        ('language = "fr"', "zh, en"),
        ('public_url = "kb.example.com"', "https://kb.example.com"),
        ('public_url = "javascript:x"', "https://kb.example.com"),
        ('panel_hosts = ["https://a.cn; script-src *"]', "https://zammad.example.com"),
        ('panel_hosts = ["*"]', "https://zammad.example.com"),
        ('zammad_url = "file:///etc"', "zammad_url"),
        ("areas = 5", "areas"),
        ('areas = ["a", 5]', "areas"),
        ("articles = 5", "articles"),
        ("port = ", "kb.toml"),
        ("a\x00", "kb.toml"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_file_is_told(tmp_path: Path, content: str, told: str, language: str) -> None:
    """The sentence names the file and what is wrong in it."""
    use(language)
    (tmp_path / "kb.toml").write_text(content, "utf8")
    with pytest.raises(SettingsError) as error:
        load(folder=tmp_path)
    assert "kb.toml" in str(error.value)
    assert told in str(error.value)


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    """Another encoding is a sentence, not a traceback."""
    (tmp_path / "kb.toml").write_bytes("areas = ['医疗']".encode("gb18030"))
    with pytest.raises(SettingsError, match=r"kb\.toml"):
        load(folder=tmp_path)


def test_a_setting_that_is_gone_is_told(tmp_path: Path) -> None:
    """A file of before says what to write instead."""
    (tmp_path / "kb.toml").write_text('reviewers = ["Li"]\n', "utf8")
    with pytest.raises(SettingsError, match="publish_role"):
        load(folder=tmp_path)


@pytest.mark.parametrize(("name", "value"), [("KB_PORT", "x"), ("KB_WORKERS", "-1"), ("KB_LANGUAGE", "de")])
def test_a_wrong_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The sentence names the variable and its value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}.*'{value}'"):
        load(folder=tmp_path)


@pytest.mark.parametrize("options", [{"port": 99999}, {"workers": "many"}])
def test_a_wrong_option_is_told(tmp_path: Path, options: dict[str, Any]) -> None:
    """The sentence names the option as it is typed."""
    with pytest.raises(SettingsError, match=f"--{next(iter(options))}"):
        load(options, tmp_path)
