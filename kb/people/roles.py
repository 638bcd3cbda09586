"""This module answers: may somebody of this role do that, and what is said when not? What the table lacks, nobody may.

A role may do what those before it may.
"""

from typing import NamedTuple

from kb.language import say

ROLES = ("reader", "agent", "engineer", "writer", "lead", "administrator")
"""From the one who only reads to the one who looks after all of it."""

NOBODY = ""
"""The role of somebody who has not signed in."""


class Action(NamedTuple):
    """One row: the first role that may, and what it is called in a refusal."""

    least: str
    zh: str
    en: str


ACTIONS: dict[str, Action] = {
    "read": Action("reader", "看文章、搜索、粘贴找方案", "read, search and find a fix"),
    "retrieve": Action("reader", "取回文本", "retrieve texts"),
    "measure": Action("reader", "读取运行指标", "read the figures of the server"),
    "say": Action("agent", "评价文章与方案", "say what helped"),
    "report": Action("agent", "由程序记下评价", "write down verdicts by program"),
    "cases": Action("agent", "看服务单与联系人、处理服务单", "see and work on cases and their contacts"),
    "assets": Action(
        "lead",
        "导入客户、设备与备件，改客户、合同与备件",
        "import customers, devices and parts, change customers, contracts and parts",
    ),
    "explain": Action("engineer", "看一篇文章为什么没找到", "ask why an article was not found"),
    "write": Action("writer", "写文章、看草稿", "write articles and see drafts"),
    "import": Action("writer", "导入文档与旧工单", "import documents and tickets"),
    "publish": Action("writer", "发布与归档文章", "publish and archive articles"),
    "insights": Action("lead", "看数据看板、导出", "see and export insights"),
    "figures": Action("lead", "看服务单的数字、导出", "see and export the figures of cases"),
    "duty": Action("lead", "排值班表", "make the roster of duty"),
    "plan": Action(
        "lead", "安排巡检、重保、期望版本与升级窗口", "plan rounds, guarded times, versions and windows for updates"
    ),
    "decide": Action("lead", "改词表与必中查询", "change words and golden queries"),
    "administer": Action("administrator", "管理人员、令牌与安全记录", "manage people, tokens and the security log"),
    "own": Action("reader", "管理自己的账号", "manage one's own account"),
}
"""Every action of the site, the API and the command line that asks who somebody is."""


def may(role: str, action: str) -> bool:
    """Whether a role may do it: false for an action, or a role, that no table knows."""
    row = ACTIONS.get(action)
    return row is not None and reaches(role, row.least)


def reaches(role: str, least: str) -> bool:
    """Whether a role is that one or above it."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(least)


def refusal(role: str, action: str) -> str:
    """Why a role may not do it, and who may."""
    row = ACTIONS[action]
    what, least = say(row.zh, row.en), role_name(row.least)
    if role == NOBODY:
        return say("请先登录，才能{what}", "sign in to {what}", what=what)
    return say(
        "您的角色是{own}，{least}及以上才能{what}；请找管理员",
        "your role is {own}; it takes {least} or above to {what}: ask an administrator",
        own=role_name(role),
        least=least,
        what=what,
    )


_NAMES = {
    "reader": ("读者", "reader"),
    "agent": ("客服", "agent"),
    "engineer": ("工程师", "engineer"),
    "writer": ("编写人", "writer"),
    "lead": ("负责人", "lead"),
    "administrator": ("管理员", "administrator"),
}


def role_name(role: str) -> str:
    """A role as people call it."""
    return say(*_NAMES[role])
