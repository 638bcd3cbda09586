"""This module answers what a column of old tickets means, and what its values are in an article."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from kb.errors import InputError
from kb.labels import guessed_value
from kb.language import say
from kb.model import AREAS, CASE_SECTIONS, CAUSES, FAQ_SECTIONS, HANDLINGS, SEVERITIES

TICKET = "ticket"
"""The key that keeps a ticket's own number, by which the next import knows it."""

SECTIONS = {"case": CASE_SECTIONS, "faq": FAQ_SECTIONS}
LISTS = ("product", "parts", "versions", "tags", "aliases")
DATES = ("created", "updated")
CHOICES = {"area": AREAS, "cause": CAUSES, "handling": HANDLINGS, "severity": SEVERITIES}
KEYS = ("title", *LISTS, *CHOICES, "owner", *DATES, TICKET)

_NAMES = {
    "title": "标题 主题 工单标题 问题标题 故障标题 摘要 工单主题 bug标题 问题名称 故障名称 事件标题 "
    "subject summary shortdescription",
    "symptom": "现象 故障现象 问题现象 问题描述 故障描述 描述 详细描述 问题 故障 内容 报障内容 工单内容 问题详情 "
    "重现步骤 复现步骤 bug描述 stepstoreproduce reprosteps "
    "description details problem issue problemdescription body",
    "environment": "环境 使用环境 系统环境",
    "diagnosis": "排查 排查过程 诊断 诊断过程 处理过程 分析过程 worknotes troubleshooting analysis",
    "cause": "原因 故障原因 原因分析 问题原因 根因 根本原因 原因类别 原因分类 原因类型 rootcause causecategory",
    "fix": "解决 解决方案 解决方法 解决办法 处理 处理方法 处理方案 处理办法 处理措施 处理结果 "
    "closenotes resolutionnotes workaround",
    "verification": "验证 验证结果 验证情况 回访 回访结果",
    "question": "问题 问题描述 提问 question",
    "answer": "回答 答案 答复 解答 解决方案 解决方法 answer reply",
    "product": "产品 所属产品 产品名称 产品型号 设备 设备名称 设备型号 型号 机型 model device asset configurationitem",
    "area": "领域 类别 分类 问题分类 问题类别 问题类型 故障类别 故障分类 故障类型 工单类型 category type",
    "handling": "处理方式 服务方式 处理类型 servicemethod",
    "severity": "级别 优先级 紧急程度 严重程度 严重级别 故障级别 故障等级 priority urgency",
    "parts": "备件 配件 更换备件 更换配件 sparepart",
    "versions": "版本 软件版本 固件版本 系统版本 versions version firmware",
    "tags": "标签 关键词 关键字 tag keywords labels",
    "aliases": "别名 客户原话 客户描述 客户说法 alias",
    "owner": "负责人 负责 处理人 工程师 处理工程师 assignee assignedto",
    "created": "创建 创建时间 创建日期 报修时间 报障时间 提交时间 发生时间 日期 时间 createdat opened openedat date",
    "updated": "更新 更新时间 更新日期 关闭时间 关闭日期 完成时间 解决时间 解决日期 "
    "updatedat closed closedat resolved resolvedat",
    TICKET: "工单号 单号 工单编号 编号 报修单号 序号 bug编号 "
    "issuekey incident ticketid ticketnumber ticketno number id key case caseid",
}
"""Key or section -> what its column is usually called, folded as _folded does."""

_VALUES = {
    "severity": {
        "P1": "紧急 最高 严重 重大 特急 一级 critical urgent highest blocker emergency 1",
        "P2": "高 较高 重要 二级 high major 2",
        "P3": "中 一般 普通 中等 三级 medium normal moderate 3",
        "P4": "低 较低 轻微 最低 四级 low minor lowest trivial 4",
    },
    "cause": {
        "operator": "操作 误操作 操作不当 操作失误 人为 人为原因 使用不当 usererror",
        "configuration": "配置 配置问题 配置不当 设置错误 设置问题 misconfiguration config",
        "line": "线路 线路问题 线缆 网线 电源线 接触不良 cable cabling wiring",
        "hardware": "硬件 硬件问题 硬件损坏 设备故障 hardwarefailure",
        "software": "软件 软件故障 软件问题 程序错误 系统故障 bug softwarebug defect",
    },
    "handling": {
        "remote": "远程处理 远程协助 远程支持 电话 电话支持 电话指导",
        "onsite": "上门 上门服务 现场处理 现场支持 onsite field",
        "return": "返修 返厂 寄修 返厂维修 rma repair",
        "parts": "换件 更换备件 更换配件 备件 replacement sparepart",
    },
    "area": {
        "desktop": "电脑 终端 桌面 办公电脑 台式机 笔记本 pc computer laptop",
        "printer": "打印 打印机 打印设备 复印机 printing",
        "network": "网络故障 网络问题 无线 交换机 路由器",
        "server": "主机 小型机",
        "virtualization": "虚拟化 虚拟机 容器 vmware",
        "database": "db oracle mysql",
        "application": "应用 应用系统 邮件 邮箱 办公软件 业务系统 软件 email software",
        "account": "账号 帐号 域 域账号 权限 ad access",
        "security": "信息安全 病毒 杀毒",
        "monitoring": "监控 视频 视频监控 会议",
        "backup": "备份恢复",
    },
}
"""What values are called beside their labels."""

_STATES = frozenset(
    """
    已解决 未解决 已修复 已关闭 已完成 未完成 已处理 处理中 处理完成 处理完毕 待处理 完成 解决 关闭 结束 结案 已结案
    正常 无 是 否 外部原因 重复 重复bug 无法重现 延期处理 不予解决 设计如此 转为需求 转需求 新建 激活 挂起
    fixed done resolved solved closed completed complete duplicate invalid wontfix willnotfix cannotreproduce notrepro
    worksforme bydesign external postponed tostory open reopened inprogress pending cancelled ok yes no none na
    """.split()
)
"""What a column for the fix says of its state instead, folded as _folded does."""
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
"""Days of 1954 and 2119: other numbers of five digits are no dates."""

_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})|(\d{2})(\d{2}))(?!\d)(?:日|\D.*)?", re.DOTALL)


def _folded(text: str) -> str:
    return re.sub(r"\(.*?\)|（.*?）|[\s_*:：#./-]", "", text).lower()


_TARGETS = {target: {_folded(target), *names.split()} for target, names in _NAMES.items()}
for _table in SECTIONS.values():
    for _role, _headings in _table.items():
        _TARGETS[_role] |= {_folded(h) for h in _headings}


def targets(kind: str) -> tuple[str, ...]:
    """What a column may become in an article of that kind."""
    return tuple(dict.fromkeys((*KEYS, *SECTIONS[kind])))


def heading(kind: str, role: str, chinese: bool) -> str:
    """The heading of a section."""
    names = SECTIONS[kind][role]
    return next(n for n in names if n.isascii() != chinese)


def target(name: str, kind: str) -> str:
    """What a column of that name usually means, or ""."""
    wanted = _folded(name)
    order = (*SECTIONS[kind], *KEYS)
    return next((t for t in order if wanted in _TARGETS[t]), "")


def means(name: str) -> bool:
    """Whether a column of that name usually means something, in tickets of any kind."""
    return any(target(name, kind) for kind in SECTIONS)


def mapping(columns: Sequence[str], given: Mapping[str, str], kind: str) -> dict[str, str]:
    """Column -> key or section, "" for none: what was given, else what the name tells. Raises InputError."""
    for column, wanted in given.items():
        if column not in columns:
            raise InputError(
                say(
                    "没有列“{column}”；有：{columns}",
                    "there is no column '{column}', but: {columns}",
                    column=column,
                    columns=", ".join(columns),
                )
            )
        if wanted and wanted not in targets(kind):
            raise InputError(
                say(
                    "列“{column}”不能成为 '{target}'（可用：{targets}）",
                    "the column '{column}' can't become '{target}' ({targets})",
                    column=column,
                    target=wanted,
                    targets=", ".join(targets(kind)),
                )
            )
    return {c: given[c] if c in given else target(c, kind) for c in columns}


def choice(key: str, text: str, areas: Iterable[str] = ()) -> str:
    """A value of area, cause, handling or severity as articles write it: 硬件 -> hardware; "" when it is none."""
    own = text.strip()
    if key == "area" and own in areas:
        return own
    found = guessed_value(key, text)
    if found in CHOICES[key]:
        return found
    wanted = _folded(text)
    return next((value for value, names in _VALUES[key].items() if wanted in names.split()), "")


def is_state(text: str) -> bool:
    """Whether a cell says that something was solved, not how."""
    return re.sub(r"[。.!！'’]", "", _folded(text)) in _STATES


def day(text: str) -> date | None:
    """The date of 2024/3/5, 2024年3月5日, 20240305, 2024-03-05T10:22:33 or Excel's 45356; None when it is none."""
    if (serial := _SERIAL.fullmatch(text.strip())) and _FIRST_SERIAL <= int(serial[1]) <= _LAST_SERIAL:
        return date(1899, 12, 30) + timedelta(days=int(serial[1]))
    m = _DATE.fullmatch(text.strip())
    try:
        return date(int(m[1]), int(m[2] or m[4]), int(m[3] or m[5])) if m else None
    except ValueError:
        return None


def words(text: str) -> tuple[str, ...]:
    """The entries of a list written in one cell, each once."""
    parts = (re.sub(r"\(#\d+\)$", "", " ".join(part.split())) for part in re.split(r"[,，;；、\n|]", text))
    return tuple(dict.fromkeys(p for p in parts if p))
