"""This module is the security log: what happened to accounts, tokens, exports, deletions and settings. It only grows.

Old lines go by age alone (the setting audit_days), never one by one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.language import say

ACTIONS: dict[str, tuple[str, str]] = {
    "signed_in": ("登录", "signed in"),
    "sign_in_failed": ("登录失败", "sign-in failed"),
    "sign_in_slowed": ("登录过于频繁，被拒绝", "sign-in refused: too often"),
    "signed_out": ("退出", "signed out"),
    "session_ended": ("结束了一处登录", "ended a session"),
    "password_chosen": ("设置了密码", "chose a password"),
    "second_factor_on": ("启用了两步验证", "turned two-step sign-in on"),
    "second_factor_off": ("停用了两步验证", "turned two-step sign-in off"),
    "recovery_used": ("用了一个恢复码", "used a recovery code"),
    "person_added": ("添加了人员", "added a person"),
    "person_role": ("改了角色", "changed a role"),
    "person_teams": ("改了团队", "changed teams"),
    "team_set": ("定了团队负责什么", "said what a team looks after"),
    "team_removed": ("撤销了团队", "removed a team"),
    "person_connected": ("连接了公司账号", "connected the company's login"),
    "person_reset": ("发了重置密码的链接", "made a link to reset a password"),
    "person_disabled": ("停用了账号", "disabled an account"),
    "person_enabled": ("恢复了账号", "enabled an account"),
    "person_shown": ("查看了一个人的数据", "looked at what is kept of a person"),
    "person_forgotten": ("移除了一个人的数据", "removed what was kept of a person"),
    "token_created": ("发了令牌", "made a token"),
    "token_revoked": ("收回了令牌", "revoked a token"),
    "exported": ("导出", "exported"),
    "deleted": ("删除", "deleted"),
    "refused": ("越权被拒绝", "was refused"),
}
"""Every kind of line, with what it is called."""

_NAME = 300
_ADDRESS = 64


class Line(NamedTuple):
    """A line. who: a login, empty for nobody or the command line; address: where it came from, empty for here."""

    at: datetime
    who: str
    action: str
    what: str
    address: str

    @property
    def told(self) -> str:
        """What happened, in words."""
        return say(*ACTIONS.get(self.action, (self.action, self.action)))


def write(session: Session, action: str, who: str = "", what: str = "", address: str = "") -> None:
    """Add a line in the transaction of what it tells, so that neither is without the other. Raises KeyError."""
    _ = ACTIONS[action]
    now = datetime.now(UTC)
    session.add(tables.Entry(at=now, who=who[:_NAME], action=action, what=what[:_NAME], address=address[:_ADDRESS]))


class Journal:
    """The log of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, action: str, who: str = "", what: str = "", address: str = "") -> None:
        """Add a line by itself."""
        with self._store.session() as session:
            write(session, action, who, what, address)

    def lines(self, most: int = 200, before: int | None = None) -> Sequence[tuple[int, Line]]:
        """The newest lines with their numbers, newest first; before: those older than this number."""
        chosen = select(tables.Entry).order_by(tables.Entry.id.desc()).limit(most)
        if before is not None:
            chosen = chosen.where(tables.Entry.id < before)
        with self._store.reading() as session:
            rows = session.scalars(chosen).all()
            return [(row.id, Line(row.at, row.who, row.action, row.what, row.address)) for row in rows]

    def forget(self, days: int) -> int:
        """Remove the lines that are older than so many days; how many went."""
        oldest = datetime.now(UTC) - timedelta(days=days)
        with self._store.session() as session:
            gone = session.execute(delete(tables.Entry).where(tables.Entry.at < oldest).returning(tables.Entry.id))
            return len(gone.all())
