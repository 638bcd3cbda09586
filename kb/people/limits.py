"""This module answers: how often may somebody ask for what costs? So many times a minute, over all processes."""

import time
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from kb.database import tables
from kb.database.connection import Store
from kb.database.secret import digest
from kb.errors import TooOftenError
from kb.language import say
from kb.model import TOKEN_MINUTE

MINUTE = 60
KEPT = 5
"""Minutes that are remembered."""


class Limit(NamedTuple):
    """So many times a minute, one person or address."""

    times: int
    zh: str
    en: str


LIMITS: dict[str, Limit] = {
    "suggest": Limit(60, "粘贴找方案", "find a fix"),
    "new_case": Limit(120, "登记服务单", "report a case"),
    "report": Limit(30, "报障或查常见问题", "report a fault, or look for an answer"),
    "track": Limit(20, "补充或确认", "add to a case, or confirm it"),
    "render": Limit(240, "预览", "preview"),
    "check": Limit(120, "检查文章", "check an article"),
    "intake": Limit(60, "读取文件", "read a file"),
    "import": Limit(20, "导入", "import"),
    "why": Limit(30, "查看为什么没找到", "ask why an article was not found"),
    "quality": Limit(30, "查看质量", "look at quality"),
    "pack": Limit(10, "打包", "pack"),
    "token": Limit(TOKEN_MINUTE, "用一个令牌", "use one token"),
}
"""What costs more than a page; a token may have a number of its own."""


class Limits:
    """The uses of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def use(self, what: str, who: str, now: float | None = None, most: int | None = None) -> None:
        """Count one use. who: a person, a token, an address; most: instead of the table's number a minute.

        Raises TooOftenError beyond the limit.
        """
        moment = time.time() if now is None else now
        limit, minute = LIMITS[what], int(moment) // MINUTE
        most = limit.times if most is None else most
        times = self._count(digest(f"{what} {who}"), minute)
        if times > most:
            seconds = MINUTE - int(moment) % MINUTE
            raise TooOftenError(
                say(
                    "每分钟最多{what} {n} 次，请 {seconds} 秒后再试",
                    "{what} at most {n} times a minute; try again in {seconds} s",
                    what=say(limit.zh, limit.en),
                    n=most,
                    seconds=seconds,
                ),
                seconds,
            )

    def _count(self, key: str, minute: int) -> int:
        this = (tables.Use.key == key, tables.Use.minute == minute)
        for _ in range(2):
            with self._store.session() as session:
                times = session.scalar(
                    update(tables.Use).where(*this).values(times=tables.Use.times + 1).returning(tables.Use.times)
                )
                if times is not None:
                    return int(times)
                session.execute(delete(tables.Use).where(tables.Use.minute < minute - KEPT))
                try:
                    with session.begin_nested():
                        session.add(tables.Use(key=key, minute=minute, times=1))
                    return 1
                except IntegrityError:
                    continue  # another process was first
        with self._store.reading() as session:
            return int(session.scalar(select(tables.Use.times).where(*this)) or 1)
