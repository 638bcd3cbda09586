"""This module answers: what is set, and by whom? SETTINGS <- kb.toml <- KB_* environment <- options.

The language that nobody sets is that of the terminal (LANG)."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

from kb.errors import SettingsError
from kb.language import say

OFF = "off"
"""The encoder of those who want none."""
PROMISES = "service.yml"
"""The file of service promises, beside the articles."""
CASE_FILES = "case-files"
"""The folder of files that came with cases, beside the articles."""


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


def _networks(value: Any) -> tuple[str, ...]:
    found = _words(value)
    for network in found:
        ip_network(network, strict=False)
    return found


def _header(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,60}|", value):
        raise ValueError("X-Remote-User")
    return value


def _issuer(value: Any) -> str:
    """By TLS, but for one of this machine."""
    if not isinstance(value, str) or not re.fullmatch(
        r"(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s?#]+|", value
    ):
        raise ValueError("https://login.example.com/realms/it")
    return value


def _roles(value: Any) -> tuple[str, ...]:
    found = _words(value)
    if not all(re.fullmatch(r".*\S\s*=\s*[a-z]+", line) for line in found):
        raise ValueError('["kb-writers = writer", "* = reader"]')
    return found


def _counts(value: Any) -> tuple[int, ...]:
    """Of how many days, weeks and months a backup stays."""
    words = value.split(",") if isinstance(value, str) else value
    found = tuple(int(w) for w in words if not isinstance(w, bool | float))
    if len(found) != 3 or not all(0 <= n <= 1000 for n in found):
        raise ValueError("[7, 5, 12]")
    return found


def _switch(value: Any) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in known:
        raise ValueError("true, false")
    return known[str(value).lower()]


def _nodes(value: Any) -> tuple[str, ...]:
    found = _words(value)
    for node in found:
        if not _NODE.fullmatch(node):
            raise ValueError('["https://os1:9200", "https://os2:9200"]')
    return found


def _index_name(value: Any) -> str:
    """As OpenSearch allows it."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_.]{0,99}", value):
        raise ValueError("guzhi")
    return value


def _database(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("guzhi.db")
    return value.strip()


def _address(value: Any) -> str:
    """The address of a site, without a slash at its end; "" for none."""
    if not isinstance(value, str) or not (value == "" or _SITE.fullmatch(value)):
        raise ValueError("https://kb.example.com")
    return value.rstrip("/")


def _sender(value: Any) -> str:
    """A mail address with or without a name; "" for none."""
    from email.utils import parseaddr  # which asks for half of the network's modules

    if not isinstance(value, str) or not (value == "" or _SENDER.fullmatch(parseaddr(value)[1])):
        raise ValueError("help@example.com")
    return value.strip()


def _origins(value: Any) -> tuple[str, ...]:
    """Sites as a policy of frames names them."""
    found = _words(value)
    for site in found:
        if not _ORIGIN.fullmatch(site):
            raise ValueError("https://zammad.example.com")
    return found


_SITE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[\w./~-]*)?")
_NODE = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?:/[\w./-]*)?")
"""Without a user: passwords stand in no setting."""
_SENDER = re.compile(r"[^@\s<>]+@[A-Za-z0-9.-]+")
_ORIGIN = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9.-]+(?::\d{1,5})?")
"""Nothing that could end the policy and begin another."""


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
        "engine",
        "embedded",
        _one_of("embedded", "opensearch"),
        "谁来找文章：embedded 为本机的索引文件，opensearch 为一个 OpenSearch 集群",
        "what finds articles: embedded, an index of files on this machine, or opensearch, a cluster of OpenSearch",
    ),
    Setting(
        "opensearch",
        (),
        _nodes,
        'OpenSearch 各节点的地址，如 ["https://os1:9200", "https://os2:9200"]；要写全，只知道一个节点就只靠它',
        'the addresses of OpenSearch\'s nodes, as ["https://os1:9200", "https://os2:9200"]; name them all: who knows '
        "one falls with it",
    ),
    Setting(
        "opensearch_user",
        "",
        str,
        "OpenSearch 的用户名（密码：KB_OPENSEARCH_PASSWORD 或 KB_OPENSEARCH_PASSWORD_FILE；"
        "或用密钥 KB_OPENSEARCH_KEY）",
        "the user of OpenSearch (the password: KB_OPENSEARCH_PASSWORD, or KB_OPENSEARCH_PASSWORD_FILE; or a key: "
        "KB_OPENSEARCH_KEY)",
    ),
    Setting(
        "opensearch_ca",
        "",
        str,
        "签发集群证书的 CA 证书文件；空为系统信任的",
        "the file of the authority that signed the cluster's certificates; empty for those the system trusts",
    ),
    Setting(
        "opensearch_index",
        "guzhi",
        _index_name,
        "索引在集群里的名字；几个库共用一个集群时各取一个",
        "what the index is called in the cluster; several bases in one cluster have each their own",
    ),
    Setting(
        "opensearch_shards",
        1,
        _number(1, 100, int),
        "新建的索引分几片；一百万段以内一片足够",
        "shards of an index that is built; one is enough up to a million passages",
    ),
    Setting(
        "opensearch_replicas",
        1,
        _number(0, 5, int),
        "每片另有几份副本；一个节点坏了还能搜，至少要 1 份、2 个节点",
        "copies of each shard beside the first; to lose a node takes one copy and two nodes at least",
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
    Setting(
        "public_url",
        "",
        _address,
        "客户也能打开的网址，如 https://kb.example.com；设了它，给客户的回复才带文章的链接",
        "the address that customers reach, such as https://kb.example.com; only with it replies link to articles",
    ),
    Setting(
        "panel_hosts",
        (),
        _origins,
        "可以把窄面板 /panel 放进框架的网站，如 https://zammad.example.com；别的页面谁也不能放",
        "sites that may show the narrow panel /panel in a frame, such as https://zammad.example.com; no other page may "
        "be framed",
    ),
    Setting(
        "zammad_url",
        "",
        _address,
        "Zammad 的网址：工单触发后，建议作为内部备注写回（密钥见手册）",
        "the address of Zammad: what its triggers send is answered by an internal note (secrets: see the manual)",
    ),
    Setting(
        "jira_url",
        "",
        _address,
        "Jira 的网址：新建的问题，建议作为评论写回",
        "the address of Jira: an issue that is made is answered by a comment",
    ),
    Setting(
        "feishu_url",
        "",
        _address,
        "飞书开放平台的网址，通常是 https://open.feishu.cn；空为不接飞书机器人",
        "the address of Feishu's or Lark's platform, https://open.feishu.cn as a rule; empty for no bot there",
    ),
    Setting(
        "wecom_url",
        "",
        _address,
        "企业微信的网址，通常是 https://qyapi.weixin.qq.com；工单的建议同时发到群机器人所在的群，空为不发",
        "the address of WeCom, https://qyapi.weixin.qq.com as a rule: what tickets are answered is posted to the group "
        "of a robot, too; empty for not",
    ),
    Setting(
        "trusted_proxies",
        (),
        _networks,
        "可信的反向代理的地址或网段，它们说的来源地址、名字和 TLS 才算数，如 127.0.0.1",
        "addresses or networks of the reverse proxies that are believed about address, name and TLS, such as 127.0.0.1",
    ),
    Setting(
        "proxy_login",
        "",
        _header,
        "可信代理用来报登录名的请求头，如 X-Remote-User；空为不用",
        "the header in which a trusted proxy tells who signed in, such as X-Remote-User; empty for none",
    ),
    Setting(
        "oidc_issuer",
        "",
        _issuer,
        "公司登录系统（OpenID Connect）的网址，如 https://login.example.com/realms/it；空为不用",
        "the company's own login (OpenID Connect), such as https://login.example.com/realms/it; empty for none",
    ),
    Setting(
        "oidc_client",
        "guzhi",
        str,
        "在那里登记的客户端号；密钥在环境变量 KB_OIDC_SECRET 或 KB_OIDC_SECRET_FILE 所指的文件里",
        "the client id of this site there; its secret: KB_OIDC_SECRET, or the file that KB_OIDC_SECRET_FILE names",
    ),
    Setting(
        "oidc_groups",
        "groups",
        str,
        "声明一个人在哪些组的字段，如 groups，或 realm_access.roles",
        "the claim that tells somebody's groups, such as groups, or realm_access.roles",
    ),
    Setting(
        "oidc_roles",
        (),
        _roles,
        '哪个组是什么角色，如 ["kb-writers = writer", "* = reader"]；* 为所有人，空为由管理员给角色',
        'which group has which role, such as ["kb-writers = writer", "* = reader"]; * is everybody, empty leaves roles '
        "to administrators",
    ),
    Setting(
        "open_reading",
        "auto",
        _one_of("auto", "yes", "no"),
        "没登录的人能不能看：auto 为只在本机监听、又坐在本机前时能",
        "whether who has not signed in may read; auto: who sits at this machine, where no other is listened to",
    ),
    Setting(
        "two_step_administrators",
        False,
        _switch,
        "管理员必须启用两步验证",
        "administrators must sign in in two steps",
    ),
    Setting(
        "hsts",
        False,
        _switch,
        "只经 TLS 提供服务（HSTS）；确定以后都用 https 再打开",
        "tell browsers to come by TLS alone (HSTS); only when it stays https",
    ),
    Setting(
        "audit_days",
        730,
        _number(1, 36500, int),
        "安全记录保留多少天",
        "days that the security log is kept",
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
    Setting("areas", (), _words, "自定的领域，加在内置领域之后", "additional areas of your own"),
    Setting("max_file_kb", 2048, _number(1, 102400, int), "一篇文章的上限（KB）", "the largest article, in KB"),
    Setting(
        "publish_role",
        "writer",
        _one_of("writer", "lead", "administrator"),
        "从哪个角色起可以发布、归档：writer、lead 或 administrator",
        "the role from which on one publishes and archives: writer, lead or administrator",
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
        "是否使用自带的行业同义词（kb/text/data/trade_words.txt）",
        "use the built-in synonyms of the trade (kb/text/data/trade_words.txt)",
    ),
    Setting(
        "service",
        "auto",
        _one_of("auto", "on", "off"),
        "服务台：on 为用，off 为不用，auto 为文章文件夹旁边有 service.yml 就用",
        "the service desk: on, off, or auto for on where a service.yml stands beside the articles",
    ),
    Setting(
        "report_form",
        True,
        _switch,
        "服务台的报障页 /report 对外开放，不登录也能报",
        "the service desk has a page /report, where whoever has no account reports a fault",
    ),
    Setting("workers", 0, _number(0, 64, int), "建索引的进程数，0 为自动", "processes for indexing, 0 for automatic"),
    Setting(
        "backup_recipients",
        (),
        _words,
        "备份给哪些公钥加密：age1…、ssh-ed25519 …，或装着公钥的文件；空为用口令",
        "public keys that backups are encrypted for: age1..., ssh-ed25519 ..., or files of them; none: by passphrase",
    ),
    Setting(
        "backup_keep",
        (7, 5, 12),
        _counts,
        "备份保留几个：每天的、每周的、每月的",
        "how many backups stay: of days, of weeks, of months",
    ),
    Setting(
        "report_recipients",
        (),
        _words,
        "月报的文件给哪些公钥加密：age1…、ssh-ed25519 …，或装着公钥的文件；空为不加密",
        "public keys that files of month reports are encrypted for: age1..., or files of them; none: not encrypted",
    ),
    Setting(
        "mail_host",
        "",
        str,
        "发信服务器，如 smtp.example.com；空为不发邮件（密码：KB_MAIL_PASSWORD 或 KB_MAIL_PASSWORD_FILE）",
        "the server that sends mail, as smtp.example.com; empty for no mail (its password: KB_MAIL_PASSWORD, or "
        "KB_MAIL_PASSWORD_FILE)",
    ),
    Setting("mail_port", 587, _number(1, 65535, int), "发信服务器的端口", "the port of the server that sends mail"),
    Setting(
        "mail_security",
        "starttls",
        _one_of("starttls", "tls", "none"),
        "到发信服务器怎样加密：starttls、tls 或 none（只应在本机）",
        "how the way to the server that sends mail is encrypted: starttls, tls, or none (on this machine alone)",
    ),
    Setting("mail_user", "", str, "发信的用户名，空为不登录", "who signs in to send mail; empty for nobody"),
    Setting(
        "mail_from",
        "",
        _sender,
        "发件人，如 服务台 <help@example.com>；客户回信也到这里",
        "the sender, as Service desk <help@example.com>; customers' answers come there",
    ),
    Setting(
        "webhook_url",
        "",
        _address,
        "每条通知同时以签名的 JSON 发到的网址；空为不发（密钥：KB_WEBHOOK_SECRET）",
        "where each notice is posted as signed JSON, too; empty for nowhere (its secret: KB_WEBHOOK_SECRET)",
    ),
    Setting(
        "imap_host",
        "",
        str,
        "收信服务器，如 imap.example.com；空为不收信（密码：KB_IMAP_PASSWORD 或 KB_IMAP_PASSWORD_FILE）",
        "the server that mail is fetched from, as imap.example.com; empty for none (its password: KB_IMAP_PASSWORD, or "
        "KB_IMAP_PASSWORD_FILE)",
    ),
    Setting("imap_port", 993, _number(1, 65535, int), "收信服务器的端口", "the port of the server of fetched mail"),
    Setting(
        "imap_security",
        "tls",
        _one_of("starttls", "tls", "none"),
        "到收信服务器怎样加密：tls、starttls 或 none（只应在本机）",
        "how the way to the server of fetched mail is encrypted: tls, starttls, or none (on this machine alone)",
    ),
    Setting("imap_user", "", str, "收信的用户名", "who signs in to fetch mail"),
    Setting("imap_folder", "INBOX", str, "收信的文件夹", "the folder that mail is fetched from"),
    Setting(
        "log_format",
        "text",
        _one_of("text", "json"),
        "日志的写法：text，或 json（每个请求一行，有请求号，不含文字与地址）",
        "how the log is written: text, or json (a line a request, with its number, no texts and no addresses)",
    ),
)
"""Every setting there is. In kb.toml by its name, in the environment as KB_ and the name in capitals."""

_BY_NAME = {s.name: s for s in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """The values in force; folders, and the database when it is a file, are absolute."""

    articles: Path
    index: Path
    database: str
    engine: str
    opensearch: tuple[str, ...]
    opensearch_user: str
    opensearch_ca: str
    opensearch_index: str
    opensearch_shards: int
    opensearch_replicas: int
    log_days: int
    host: str
    site_names: tuple[str, ...]
    public_url: str
    panel_hosts: tuple[str, ...]
    zammad_url: str
    jira_url: str
    feishu_url: str
    wecom_url: str
    trusted_proxies: tuple[str, ...]
    proxy_login: str
    oidc_issuer: str
    oidc_client: str
    oidc_groups: str
    oidc_roles: tuple[str, ...]
    open_reading: str
    two_step_administrators: bool
    hsts: bool
    audit_days: int
    port: int
    processes: int
    threads: int
    language: str
    areas: tuple[str, ...]
    max_file_kb: int
    publish_role: str
    git_commit: bool
    encoder: str
    trade_words: bool
    service: str
    report_form: bool
    workers: int
    backup_recipients: tuple[str, ...]
    backup_keep: tuple[int, ...]
    report_recipients: tuple[str, ...]
    mail_host: str
    mail_port: int
    mail_security: str
    mail_user: str
    mail_from: str
    webhook_url: str
    imap_host: str
    imap_port: int
    imap_security: str
    imap_user: str
    imap_folder: str
    log_format: str

    @property
    def address(self) -> str:
        """Where people reach the site: as it is set, else under its name behind a named proxy, else on this machine."""
        name = next((n for n in self.site_names if not n.startswith(".")), "")
        return self.public_url or (
            f"https://{name}" if name and self.trusted_proxies else f"http://127.0.0.1:{self.port}"
        )

    @property
    def serves(self) -> bool:
        """Whether there is a service desk: the one who only wants the knowledge base sees none of it."""
        return self.service == "on" or (self.service == "auto" and (self.articles.parent / PROMISES).exists())


def secret_of(name: str) -> str:
    """A secret of the environment, or of the file that NAME_FILE names; "" for none. Secrets are no settings.

    Raises SettingsError for a file that can't be read.
    """
    value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value or not path:
        return value.strip()
    try:
        return Path(path).read_text("utf8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(say("{name}_FILE：读不了这个文件", "{name}_FILE: that file can't be read", name=name))


def load(options: Mapping[str, Any] | None = None, folder: Path | None = None) -> Settings:
    """Collect the settings in force.

    options: values of the command line, None where not given. folder: where kb.toml is looked for,
    the current folder by default; its relative folders start there. Raises SettingsError.
    """
    folder = (folder or Path.cwd()).absolute()
    values: dict[str, Any] = {s.name: s.default for s in SETTINGS} | _spoken()
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
    if values["engine"] == "opensearch":
        values["encoder"] = OFF  # vectors are of files on this machine; a threshold found with them would not hold
    if values["opensearch_ca"]:
        values["opensearch_ca"] = str(folder / Path(values["opensearch_ca"]).expanduser())
    if values["engine"] == "opensearch" and not values["opensearch"]:
        raise SettingsError(
            say(
                'engine = "opensearch" 要有节点的地址：opensearch = ["https://os1:9200", …]',
                'engine = "opensearch" needs the addresses of its nodes: opensearch = ["https://os1:9200", ...]',
            )
        )
    if "://" not in values["database"]:
        values["database"] = str(folder / Path(values["database"]).expanduser())
    return Settings(**values)


def _spoken() -> dict[str, str]:
    """The language of the terminal, as POSIX has it, where that is English."""
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return {"language": "en"} if named.lower().startswith("en") else {}


_GONE = {
    "reviewers": (
        '没有 reviewers 这个设置了：谁能发布由角色决定。删去这一行，写 publish_role = "lead"，再让审核的人成为负责人：'
        "kb person role 登录名 lead",
        "there is no setting reviewers any more: who publishes is a matter of roles. Delete the line, write "
        'publish_role = "lead", and make those who review leads: kb person role LOGIN lead',
    ),
}
"""Settings of before, and what to do instead."""


def _from_file(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(say("{path}：读不了：{error}", "{path}: can't be read: {error}", path=path, error=error))
    for key in table:
        if key in _GONE:
            raise SettingsError(f"{path}{say('：', ': ')}{say(*_GONE[key])}")
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
