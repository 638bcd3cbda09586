"""This module answers: what is set, and by whom? SETTINGS <- kb.toml <- KB_* environment <- options."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from kb.errors import SettingsError
from kb.language import say

OFF = "off"
"""The encoder of those who want none."""
PROMISES = "service.yml"
"""The file of service promises, beside the articles."""


class Setting(NamedTuple):
    """One row: what it is called, what it is without being set, how text becomes a value, what it means."""

    name: str
    default: Any
    parse: Callable[[Any], Any]
    help_zh: str
    help_en: str


def _number(low: float, high: float, kind: type) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        number = kind(value)
        if isinstance(value, bool | float) or not low <= number <= high:
            raise ValueError(f"{low:g} .. {high:g}")
        return number

    return parse


def _one_of(*choices: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(", ".join(choices))
        return str(value)

    return parse


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(w.strip() for w in value.split(",") if w.strip())
    if isinstance(value, list) and all(isinstance(w, str) for w in value):
        return tuple(value)
    raise ValueError('["...", "..."]')


def _switch(value: Any) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in known:
        raise ValueError("true, false")
    return known[str(value).lower()]


def _database(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("guzhi.db")
    return value.strip()


def _encoder(value: Any) -> str:
    if not isinstance(value, str | Path):
        raise ValueError('"", "off", "models/my-encoder"')
    return str(value).strip()


SETTINGS: tuple[Setting, ...] = (
    Setting("articles", "articles", Path, "文章文件夹", "the folder of articles"),
    Setting("index", "index", Path, "索引文件夹", "the folder of the index"),
    Setting(
        "database",
        "guzhi.db",
        _database,
        "数据库：一个 SQLite 文件，或 postgresql+psycopg://用户@主机/库",
        "the database: a file of SQLite, or postgresql+psycopg://user@host/name",
    ),
    Setting(
        "log_days",
        365,
        _number(0, 3650, int),
        "搜索与判定保留多少天（先打码），0 为不记录",
        "days that searches and verdicts are kept (masked), 0 keeps none",
    ),
    Setting("host", "127.0.0.1", str, "网站监听的地址", "the address the site listens on"),
    Setting(
        "site_names",
        (),
        _words,
        "网站对外的名字，如 kb.example.com；本机的名字总是可以用",
        "names the site is reached by, such as kb.example.com; this machine's own always work",
    ),
    Setting("port", 8000, _number(0, 65535, int), "网站端口", "the port of the site"),
    Setting(
        "processes",
        0,
        _number(0, 64, int),
        "网站进程数，0 为按处理器数（最多 4）",
        "processes of the site, 0 for one a processor (at most 4)",
    ),
    Setting("threads", 4, _number(1, 64, int), "每个进程的线程数", "threads of each of them"),
    Setting("language", "zh", _one_of("zh", "en"), "界面语言：zh 或 en", "interface language: zh or en"),
    Setting("areas", (), _words, "自定的领域，加在内置领域之后", "areas of your own, beside the built-in ones"),
    Setting(
        "max_file_kb", 2048, _number(1, 102400, int), "一篇文章的上限（KB）", "the largest article that is read, in KB"
    ),
    Setting(
        "reviewers",
        (),
        _words,
        "可以发布、归档的人；空为所有人",
        "who may publish and archive; empty for everybody",
    ),
    Setting(
        "git_commit",
        False,
        _switch,
        "网页里保存后，以编辑人的名字提交到 git",
        "commit what is saved on the site to git, in the editor's name",
    ),
    Setting(
        "encoder",
        "",
        _encoder,
        "语义向量由什么生成：空为随 guzhi[semantic] 安装的编码器（没装就不用），off 为不用，"
        "或一个含 model.onnx 与 tokenizer.json 的文件夹",
        "what makes vectors of meaning: empty for the encoder that guzhi[semantic] brings (none when it is not "
        "installed), off for none, or a folder with model.onnx and tokenizer.json",
    ),
    Setting(
        "trade_words",
        True,
        _switch,
        "用不用自带的行业同义词（kb/text/data/trade_words.txt）",
        "whether the shipped words of the trade (kb/text/data/trade_words.txt) widen queries",
    ),
    Setting(
        "service",
        "auto",
        _one_of("auto", "on", "off"),
        "服务台：on 为用，off 为不用，auto 为文章文件夹旁边有 service.yml 就用",
        "the service desk: on, off, or auto for on where a service.yml stands beside the articles",
    ),
    Setting("workers", 0, _number(0, 64, int), "建索引的进程数，0 为自动", "processes of a build, 0 for automatic"),
)
"""Every setting there is. In kb.toml by its name, in the environment as KB_ and the name in capitals."""

_BY_NAME = {s.name: s for s in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """The values in force; folders, and the database when it is a file, are absolute."""

    articles: Path
    index: Path
    database: str
    log_days: int
    host: str
    site_names: tuple[str, ...]
    port: int
    processes: int
    threads: int
    language: str
    areas: tuple[str, ...]
    max_file_kb: int
    reviewers: tuple[str, ...]
    git_commit: bool
    encoder: str
    trade_words: bool
    service: str
    workers: int

    @property
    def serves(self) -> bool:
        """Whether there is a service desk: the one who only wants the knowledge base sees none of it."""
        return self.service == "on" or (self.service == "auto" and (self.articles.parent / PROMISES).exists())


def load(options: Mapping[str, Any] | None = None, folder: Path | None = None) -> Settings:
    """Collect the settings in force.

    options: values of the command line, None where not given. folder: where kb.toml is looked for,
    the current folder by default; its relative folders start there. Raises SettingsError.
    """
    folder = (folder or Path.cwd()).absolute()
    values: dict[str, Any] = {s.name: s.default for s in SETTINGS}
    values.update(_from_file(folder / "kb.toml"))
    for setting in SETTINGS:
        name = "KB_" + setting.name.upper()
        if os.environ.get(name):
            values[setting.name] = _value(setting, os.environ[name], name)
    for key, value in (options or {}).items():
        if value is not None:
            values[key] = _value(_BY_NAME[key], value, "--" + key)
    for key in ("articles", "index"):
        values[key] = folder / Path(values[key]).expanduser()
    if values["encoder"] not in ("", OFF):
        values["encoder"] = str(folder / Path(values["encoder"]).expanduser())
    if "://" not in values["database"]:
        values["database"] = str(folder / Path(values["database"]).expanduser())
    return Settings(**values)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(say("{path}：读不了：{error}", "{path}: can't be read: {error}", path=path, error=error))
    for key in table:
        if key not in _BY_NAME:
            raise SettingsError(
                say(
                    "{path}：没有名为 '{key}' 的设置（可用：{names}）",
                    "{path}: unknown setting '{key}' ({names})",
                    path=path,
                    key=key,
                    names=", ".join(_BY_NAME),
                )
            )
    return {key: _value(_BY_NAME[key], value, f"{path}: {key}") for key, value in table.items()}


def _value(setting: Setting, value: Any, where: str) -> Any:
    try:
        return setting.parse(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(
            say(
                "{where}：'{value}' 不是可用的值（{error}）",
                "{where}: '{value}' is not a usable value ({error})",
                where=where,
                value=value,
                error=error,
            )
        )


def is_local(host: str) -> bool:
    """Whether an address, or a name, is this machine's own."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
