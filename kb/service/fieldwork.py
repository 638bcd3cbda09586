"""This module reads back what was typed into a field pack: a file that becomes entries of its case, each once.

The file is untrusted: it is JSON of a bounded size, of known fields alone, and it bears the signature by which the pack
was made for this one case of this one base. The same file twice adds nothing.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from kb.database.connection import Store
from kb.database.secret import shared
from kb.errors import InputError
from kb.language import say
from kb.model.casework import Condition, PlaceKind, State, Work
from kb.service.assets import stock
from kb.service.cases import Author, Case, Cases, Entry, Taken
from kb.service.events import moment

KEY = "field"
"""The secret that packs are signed with."""
SIGNED = 32
MARK = "guzhi-field-1"
"""What a file says that it is."""
MAX_BYTES = 300_000
MAX_TEXT = 20_000
MAX_ITEMS = 100
TIMES = ("left", "arrived", "acted", "finished")
"""When things happened on site, in this order."""
TEXTS = ("work", "diagnosis", "measures", "note", "old", "new", "restored", "verification", "cause", "handling",
         "signer", "strokes", "score", "confirmed", *(f"{name}_at" for name in TIMES))  # fmt: skip
PLAN = "plan"
"""The entry of a file that plans its visit, where none was planned."""
NEW = "new"
"""The work of a file that is about none that was planned."""


class Used(NamedTuple):
    """A part that was used on site. quantity: of those that are held for the case."""

    number: str
    quantity: int
    serial: str


class FieldFile(NamedTuple):
    """What a pack brought back. pack: its number; said: what was typed, by field; checks: (item, done, note)."""

    case: str
    pack: str
    signature: str
    saved: datetime
    said: Mapping[str, str]
    checks: Sequence[tuple[str, bool, str]]
    used: Sequence[Used]


class Brought(NamedTuple):
    """What a file adds to its case, or added. used: parts, with whether each was noted already."""

    case: str
    taken: Sequence[Taken]
    used: Sequence[Used]

    @property
    def new(self) -> int:
        return sum(not one.known for one in self.taken)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """As data."""
        return [
            {"action": t.entry.action, "text": t.entry.text, "at": t.entry.at, "known": t.known, "differs": t.differs}
            for t in self.taken
        ]


def signature(session: Session, number: str, pack: str) -> str:
    """What proves that a pack was made here, for this case."""
    secret = shared(session, KEY).encode()
    return hmac.new(secret, f"{number}.{pack}".encode(), sha256).hexdigest()[:SIGNED]


class FieldWork:
    """What comes back from the field, to the cases of one database. Every method raises StoreError."""

    def __init__(self, store: Store, cases: Cases) -> None:
        self._store, self._cases = store, cases

    def bring(self, raw: bytes, author: Author, number: str = "", keep: bool = False) -> Brought:
        """What a file adds to its case. number: the case that it must be of, "" for any; keep: write it.

        All of it is written, or nothing. Raises InputError.
        """
        file = read(raw)
        if number and file.case != number:
            raise InputError(
                say("这个文件是 {other} 的，不是 {number} 的", "this file is of {other}, not of {number}",
                    other=file.case, number=number)
            )  # fmt: skip
        with self._store.session() as session:
            right = signature(session, file.case, file.pack)
        if not hmac.compare_digest(right, file.signature):
            raise InputError(
                say("这个文件不是这里的现场包存下的", "this file was not saved by a field pack of this site")
            )
        case = self._cases.find(file.case)
        entries = entries_of(file, case, author, datetime.now(UTC))
        if not entries and not file.used:
            raise InputError(say("文件里什么也没填", "nothing was filled in"))

        def use(session: Session) -> None:
            for part in file.used:
                key = f"{KEY}:{file.pack}:{part.number}:{part.serial}"[:300]
                stock.moved(session, part.number, part.quantity, PlaceKind.CASE, PlaceKind.CUSTOMER, author.name,
                            Condition.NEW, case.now.number, part.serial, key=key)  # fmt: skip

        taken = self._cases.take(case.now.number, entries, author, keep, use)
        return Brought(case.now.number, taken, file.used)


# --- the file ------------------------------------------------------------------------------------


def read(raw: bytes) -> FieldFile:
    """A file as it was saved. Raises InputError for what is none."""
    if len(raw) > MAX_BYTES:
        raise InputError(say("文件超过 {n} kB", "the file has over {n} kB", n=MAX_BYTES // 1000))
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("guzhi") != MARK:
        raise InputError(say("这不是现场包存下的文件", "this is no file that a field pack saved"))
    said = {name: _text(found, name) for name in TEXTS if _text(found, name)}
    saved = moment(found.get("saved")) or datetime.now(UTC)
    return FieldFile(
        _text(found, "case"),
        _text(found, "pack")[:40],
        _text(found, "signature"),
        saved,
        said,
        [(_text(c, "item"), bool(c.get("done")), _text(c, "note")) for c in _items(found, "checks")],
        [_used(p) for p in _items(found, "parts")],
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str) or len(value) > (MAX_TEXT if name != "strokes" else MAX_BYTES):
        raise InputError(say("{name}：应为文字，最多 {n} 个字符", "{name}: should be text of {n} characters at most",
                             name=name, n=MAX_TEXT))  # fmt: skip
    return value.replace("\r\n", "\n").strip()


def _items(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = found.get(name, [])
    if not isinstance(items, list) or len(items) > MAX_ITEMS or not all(isinstance(i, dict) for i in items):
        raise InputError(say("{name}：应为最多 {n} 项", "{name}: should be {n} items at most", name=name, n=MAX_ITEMS))
    return items


def _used(part: Mapping[str, Any]) -> Used:
    quantity = _text(part, "quantity")
    if not (quantity.isascii() and quantity.isdigit() and 0 < int(quantity[:6]) < 10_000):
        raise InputError(say("备件 {n} 的数量应为整数", "the quantity of the part {n} should be a whole number",
                             n=_text(part, "number")[:80]))  # fmt: skip
    return Used(_text(part, "number"), int(quantity[:6]), _text(part, "serial"))


# --- what it says ----------------------------------------------------------------------------------


def entries_of(file: FieldFile, case: Case, author: Author, now: datetime) -> list[Entry]:
    """What a file says, as entries of its case, in the order in which it happened. Raises InputError."""
    told = _Told(file, author, _times(file), min(file.saved, now))
    told.went(case.now.state == State.NEW)
    told.did()
    told.ended()
    return told.entries


class _Told:
    """Makes the entries of a file. saved: the moment of what has none of its own."""

    def __init__(self, file: FieldFile, author: Author, times: Mapping[str, datetime], saved: datetime) -> None:
        self.entries: list[Entry] = []
        self._file, self._author, self._times = file, author, times
        self._here = times.get("arrived", times.get("acted", saved))
        self._over = times.get("finished", saved)
        work = file.said.get("work", NEW)
        self._work = work if work.isdigit() else PLAN

    def _add(self, name: str, action: str, text: str, at: datetime, of: str = "", **given: str) -> None:
        """of: the entry that plans the work that this one is about, or that work's number."""
        told = {field: value for field, value in given.items() if value} | ({"work": of} if of.isdigit() else {})
        planned = self._key(of) if of and not of.isdigit() else ""
        self.entries.append(Entry(self._key(name), action, text, told, at, planned))

    def _plan(self, name: str, kind: Work, at: datetime) -> None:
        given = {"of": str(kind), "who": self._author.name}
        self.entries.append(Entry(self._key(name), "plan", "", given, at))

    def _key(self, name: str) -> str:
        return f"{KEY}:{self._file.pack}:{name}"

    def went(self, new: bool) -> None:
        """The visit, planned if it was not. new: nobody looked at the case before."""
        said, times = self._file.said, self._times
        first = times.get("left", self._here)
        visited = any(name in times for name in TIMES) or said.get("measures") or said.get("signer")
        if new and (visited or said.get("restored")):
            self._add("assign", "assign", "", first, owner=self._author.name)
        if self._work == PLAN and visited:
            self._plan(PLAN, Work.VISIT, first)
        for name, action in (("left", "leave"), ("arrived", "arrive")):
            if name in times:
                self._add(name, action, "", times[name], self._work)

    def did(self) -> None:
        """What was found, done, ticked and noted."""
        said = self._file.said
        if said.get("diagnosis"):
            self._add("diagnosis", "diagnose", said["diagnosis"], self._here)
        if said.get("measures"):
            self._add("acted", "act", said["measures"], self._times.get("acted", self._over), self._work)
        if self._file.checks:
            self._add("checks", "note", _checklist(self._file.checks), self._over)
        if said.get("note"):
            self._add("note", "note", said["note"], self._over)
        if said.get("old") and said.get("new"):
            self._plan("exchange", Work.EXCHANGE, self._over)
            serials = {"old": said["old"], "new": said["new"]}
            self._add("exchanged", "exchange", "", self._over, "exchange", **serials)

    def ended(self) -> None:
        """Whether it is restored, finished, signed and confirmed."""
        said, over = self._file.said, self._over
        if said.get("restored"):
            interim = {"provisional": "yes"} if said["restored"] == "provisional" else {}
            how = {name: said.get(name, "") for name in ("verification", "cause", "handling")}
            self._add("restored", "restore", said.get("measures", ""), over, **how, **interim)
        if "finished" in self._times:
            self._add("finished", "finish", "", over, self._work)
        if said.get("signer"):
            signed = {"signer": said["signer"], "strokes": said.get("strokes", "")}
            self._add("signed", "sign", "", over, self._work, **signed)
        if said.get("confirmed") and said.get("restored") == "yes":
            told = say("{who} 现场签字确认", "{who} confirmed by signing on site", who=said.get("signer", ""))
            self._add("confirmed", "confirm", told, over, score=said.get("score", ""))


def _times(file: FieldFile) -> dict[str, datetime]:
    """When things happened; the order is that of TIMES. Raises InputError."""
    out: dict[str, datetime] = {}
    for name in TIMES:
        text = file.said.get(f"{name}_at", "")
        if not text:
            continue
        at = moment(text)
        if at is None or (out and at < max(out.values())):
            raise InputError(
                say("{name}：时间不对，应按出发、到场、采取措施、完成的先后",
                    "{name}: not a time in order of leaving, arriving, acting, finishing", name=f"{name}_at")
            )  # fmt: skip
        out[name] = at
    return out


def _checklist(checks: Sequence[tuple[str, bool, str]]) -> str:
    lines = [f"{'☑' if done else '☐'} {item}{say('：', ': ') + note if note else ''}" for item, done, note in checks]
    return "\n".join([say("清单", "Checklist"), *lines])
