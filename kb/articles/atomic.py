"""This module names files so that every system can hold them, reads a text, and writes one whole or not at all."""

import os
import re
import shutil
import tempfile
import unicodedata
from pathlib import Path

from kb.errors import InputError, KbError
from kb.language import say

MAX_NAME = 200
"""Bytes of a file's name with its folders."""

_FORBIDDEN = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff<>:"|?*\\]|%(?=[0-9A-Fa-f]{2})'
)
"""What Windows can't write, what nobody sees, and what a link would take for another character."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
"""Names of devices to Windows, with any ending."""


def usable(path: str) -> str:
    """A path with forward slashes as every system can hold it; the same when it is one already.

    Composed characters (macOS takes them apart), no signs that are forbidden somewhere, no names of devices, no
    hidden files, no dot or blank at an end.
    """
    parts = (_usable(part) for part in unicodedata.normalize("NFC", path).split("/"))
    return "/".join(parts)


def _usable(name: str) -> str:
    name = _FORBIDDEN.sub("-", name).lstrip(" .").rstrip(" .") or "-"
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def read_text(path: Path) -> str:
    """The text of a file, "" when there is none. Raises InputError when it can't be read, or is not UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            say(
                "{path}:{line}: 不是 UTF-8；请转存为 UTF-8",
                "{path}:{line}: not UTF-8; save it as UTF-8",
                path=path.name,
                line=line,
            )
        )
    except OSError as error:
        raise InputError(
            say("{path}: 读不了：{why}", "{path}: can't be read: {why}", path=path.name, why=error.strerror)
        )


def save(path: Path, content: str | bytes, new: bool = False) -> None:
    """Write a file whole or not at all, a text as UTF-8; with new, refuse to replace one. Raises KbError."""
    try:
        raw = content.encode("utf8") if isinstance(content, str) else content
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(raw)
                f.flush()
                os.fsync(f.fileno())
            os.chmod(name, 0o644)
            if new:
                os.link(name, path)
            else:
                os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except FileExistsError:
        raise KbError(say("{path} 已经存在", "{path} exists already", path=path))
    except OSError as error:
        raise KbError(say("写不了 {path}：{why}", "can't write {path}: {why}", path=path, why=error.strerror))
    except UnicodeEncodeError:
        raise KbError(say("写不了 {path}：有残缺的字符", "can't write {path}: it holds half a character", path=path))


def share(source: str | Path, target: str | Path) -> None:
    """The same file at another place; a copy where the system can't share one."""
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
