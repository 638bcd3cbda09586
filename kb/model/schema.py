"""This module is the one table of the keys of an article's front matter, and of the values that some of them take.

What else knows the keys reads them here: the article itself (kb.model), its file, form and checks, the facets and
fields of a search, the API, what a column of old tickets means. A key that is added here is known everywhere, once
articles are indexed anew.
"""

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """How a query that asks for name:value reads the value."""

    TEXT = "text"  # words or a phrase of what the article says
    FACT = "fact"  # words of what is known of it
    EXACT = "exact"  # the whole value, one of a few
    DATE = "date"


class Choice(StrEnum):
    """A value of a key that takes one of a few.

    zh, en: what people read. others: what tables of old tickets call it beside these, in lower case without blanks.
    """

    zh: str
    en: str
    others: tuple[str, ...]

    def __new__(cls, value: str, zh: str, en: str, others: str = "") -> "Choice":
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh, member.en, member.others = zh, en, tuple(others.split())
        return member


class Kind(Choice):
    CASE = "case", "故障案例", "Case"
    MANUAL = "manual", "手册", "Manual"
    FAQ = "faq", "常见问题", "FAQ"


class Area(Choice):
    DESKTOP = "desktop", "桌面终端", "Desktop", "电脑 终端 桌面 办公电脑 台式机 笔记本 pc computer laptop"
    PRINTER = "printer", "打印机", "Printer", "打印 打印机 打印设备 复印机 printing"
    NETWORK = "network", "网络", "Network", "网络故障 网络问题 无线 交换机 路由器"
    SERVER = "server", "服务器", "Server", "主机 小型机"
    STORAGE = "storage", "存储", "Storage"
    VIRTUALIZATION = "virtualization", "虚拟化与容器", "Virtualization", "虚拟化 虚拟机 容器 vmware"
    DATABASE = "database", "数据库", "Database", "db oracle mysql"
    APPLICATION = (
        *("application", "邮件与应用", "Mail and applications"),
        "应用 应用系统 邮件 邮箱 办公软件 业务系统 软件 email software",
    )
    ACCOUNT = "account", "域与账号", "Domain and accounts", "账号 帐号 域 域账号 权限 ad access"
    SECURITY = "security", "安全", "Security", "信息安全 病毒 杀毒"
    MONITORING = "monitoring", "监控与视频", "Monitoring and video", "监控 视频 视频监控 会议"
    BACKUP = "backup", "备份", "Backup", "备份恢复"


class Cause(Choice):
    OPERATOR = (
        *("operator", "操作错误", "Operator error"),
        "操作 误操作 操作不当 操作失误 人为 人为原因 使用不当 usererror",
    )
    CONFIGURATION = (
        *("configuration", "配置错误", "Configuration error"),
        "配置 配置问题 配置不当 设置错误 设置问题 misconfiguration config",
    )
    LINE = "line", "线路故障", "Line fault", "线路 线路问题 线缆 网线 电源线 接触不良 cable cabling wiring"
    HARDWARE = "hardware", "硬件故障", "Hardware fault", "硬件 硬件问题 硬件损坏 设备故障 hardwarefailure"
    SOFTWARE = (
        *("software", "软件缺陷", "Software defect"),
        "软件 软件故障 软件问题 程序错误 系统故障 bug softwarebug defect",
    )


class Handling(Choice):
    REMOTE = "remote", "远程", "Remote", "远程处理 远程协助 远程支持 电话 电话支持 电话指导"
    ONSITE = "onsite", "现场", "On site", "上门 上门服务 现场处理 现场支持 onsite field"
    RETURN = "return", "送修", "Return for repair", "返修 返厂 寄修 返厂维修 rma repair"
    PARTS = "parts", "备件更换", "Spare-part exchange", "换件 更换备件 更换配件 备件 replacement sparepart"


class Severity(Choice):
    P1 = "P1", "P1 紧急", "P1 Critical", "紧急 最高 严重 重大 特急 一级 critical urgent highest blocker emergency 1"
    P2 = "P2", "P2 高", "P2 High", "高 较高 重要 二级 high major 2"
    P3 = "P3", "P3 中", "P3 Medium", "中 一般 普通 中等 三级 medium normal moderate 3"
    P4 = "P4", "P4 低", "P4 Low", "低 较低 轻微 最低 四级 low minor lowest trivial 4"


class Status(Choice):
    DRAFT = "draft", "草稿", "Draft"
    REVIEW = "review", "待审", "In review"
    PUBLISHED = "published", "已发布", "Published"
    ARCHIVED = "archived", "已归档", "Archived"


class Audience(Choice):
    PUBLIC = "public", "公开", "Public", "公开 对外 外部 external customers"
    INTERNAL = "internal", "内部", "Internal", "内部 仅内部 不公开 staff private"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the front matter.

    name: as files write it. zh, en: as people read it. how: how a query asks for it.
    many: whether it takes a list. choices: the values it may take, None for any; open: settings or teams add to them.
    default: what an article has that does not say. required: the kinds of article that must have it.
    facet: whether searches can be filtered by it. quoted: whether its values are words of the article, to be found.
    field: what a query calls it, where that is not its name; asked: other names people type there.
    lines: whether a form shows one item a line, for lists of sentences.
    other_names: what other tools call it in their front matter.
    columns: what a column of old tickets is called that becomes it, in lower case without blanks; None: none does.
    """

    name: str
    zh: str
    en: str
    how: How
    many: bool = False
    choices: type[Choice] | None = None
    open: bool = False
    default: str = ""
    required: tuple[Kind, ...] = ()
    facet: bool = False
    quoted: bool = False
    field: str = ""
    asked: tuple[str, ...] = ()
    lines: bool = False
    other_names: tuple[str, ...] = ()
    columns: str | None = None

    @property
    def asked_as(self) -> str:
        """The name a query and the command line know it by."""
        return self.field or self.name

    @property
    def empty(self) -> tuple[str, ...] | str | None:
        """The value of an article that does not have it."""
        return () if self.many else None if self.how == How.DATE else self.default


_BOTH = (Kind.CASE, Kind.FAQ)
_CASE = (Kind.CASE,)

KEYS: tuple[Key, ...] = (
    Key("id", "编号", "Number", How.TEXT, required=_BOTH, asked=("编号",)),
    Key("kind", "类型", "Kind", How.EXACT, choices=Kind, default="manual", facet=True, asked=("类型",)),
    Key("title", "标题", "Title", How.TEXT, required=_BOTH, asked=("标题",),
        columns="标题 主题 工单标题 问题标题 故障标题 摘要 工单主题 bug标题 问题名称 故障名称 事件标题 "
        "subject summary shortdescription"),
    Key("product", "产品", "Product", How.FACT, many=True, facet=True, quoted=True, asked=("产品",),
        columns="产品 所属产品 产品名称 产品型号 设备 设备名称 设备型号 型号 机型 model device asset "
        "configurationitem"),
    Key("area", "领域", "Area", How.EXACT, choices=Area, open=True, required=_CASE, facet=True, asked=("领域",),
        columns="领域 类别 分类 问题分类 问题类别 问题类型 故障类别 故障分类 故障类型 工单类型 category type"),
    Key("cause", "原因", "Cause", How.EXACT, choices=Cause, required=_CASE, facet=True, asked=("原因",),
        columns="原因 故障原因 原因分析 问题原因 根因 根本原因 原因类别 原因分类 原因类型 rootcause causecategory"),
    Key("handling", "处理方式", "Handling", How.EXACT, choices=Handling, required=_CASE, facet=True,
        asked=("处理", "处理方式"), columns="处理方式 服务方式 处理类型 servicemethod"),
    Key("severity", "级别", "Severity", How.EXACT, choices=Severity, required=_CASE, facet=True,
        asked=("级别", "priority"),
        columns="级别 优先级 紧急程度 严重程度 严重级别 故障级别 故障等级 priority urgency"),
    Key("parts", "备件", "Spare parts", How.FACT, many=True, quoted=True, field="part", asked=("parts", "备件"),
        columns="备件 配件 更换备件 更换配件 sparepart"),
    Key("versions", "版本", "Versions", How.FACT, many=True, quoted=True, field="version", asked=("versions", "版本"),
        columns="版本 软件版本 固件版本 系统版本 versions version firmware"),
    Key("tags", "标签", "Tags", How.FACT, many=True, facet=True, quoted=True, field="tag", asked=("tags", "标签"),
        columns="标签 关键词 关键字 tag keywords labels"),
    Key("aliases", "客户的说法", "Customers' words", How.TEXT, many=True, required=_CASE, field="alias",
        asked=("aliases", "别名"), lines=True, columns="别名 客户原话 客户描述 客户说法 alias"),
    Key("status", "状态", "Status", How.EXACT, choices=Status, default="published", facet=True, asked=("状态",)),
    Key("audience", "读者", "Audience", How.EXACT, choices=Audience, open=True, default="internal", facet=True,
        asked=("读者",), columns="读者 读者范围 公开范围 可见范围 visibility audience"),
    Key("owner", "负责", "Owner", How.FACT, asked=("负责", "负责人"),
        columns="负责人 负责 处理人 工程师 处理工程师 assignee assignedto"),
    Key("created", "创建", "Created", How.DATE, asked=("创建",), other_names=("date", "publishDate", "published"),
        columns="创建 创建时间 创建日期 报修时间 报障时间 提交时间 发生时间 日期 时间 createdat opened openedat date"),
    Key("updated", "更新", "Updated", How.DATE, asked=("更新",),
        other_names=("lastmod", "last_modified_at", "modified"),
        columns="更新 更新时间 更新日期 关闭时间 关闭日期 完成时间 解决时间 解决日期 "
        "updatedat closed closedat resolved resolvedat"),
    Key("review_after", "复审日期", "Review after", How.DATE, asked=("复审", "review")),
)  # fmt: skip
"""In the order of a new file and of its form."""

BY_NAME = {key.name: key for key in KEYS}
NAMES = tuple(BY_NAME)
LISTS = tuple(k.name for k in KEYS if k.many)
DATES = tuple(k.name for k in KEYS if k.how == How.DATE)
TEXTS = tuple(k.name for k in KEYS if not k.many and k.how != How.DATE)
QUOTED = tuple(k.name for k in KEYS if k.quoted)
FOLDER = Key("folder", "文件夹", "Folder", How.EXACT, many=True, facet=True, asked=("文件夹",))
"""Where an article lies: no key of a file, but a facet and a field like one. Its values are all folders above the file
(kb.model.folders), so that asking for one asks for those below it, too."""
FACETS = tuple(k.name for k in (*KEYS, FOLDER) if k.facet)
CHOICES = {k.name: tuple(c.value for c in k.choices) for k in KEYS if k.choices}
"""Key -> the values it may take, for those with a few."""
OPEN = tuple(k.name for k in KEYS if k.open)
"""Keys whose values the settings add to."""
REQUIRED = {kind.value: tuple(k.name for k in KEYS if kind in k.required) for kind in _BOTH}
"""Keys each kind must have; a manual may be plain Markdown."""
KINDS, AREAS, CAUSES, HANDLINGS, SEVERITIES, STATUSES, AUDIENCES = (
    CHOICES[name] for name in ("kind", "area", "cause", "handling", "severity", "status", "audience")
)
