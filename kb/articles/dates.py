"""This module answers: when was an article changed that says no date itself? By git, else by its file."""

import os
import shutil
import subprocess
import threading
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

SECONDS = 10
"""How long the history is read; what was not found by then is dated by its file."""


def changed(root: Path, times: Mapping[str, int]) -> dict[str, date]:
    """The day each file was last changed: of its last commit, of its file where it has none or was changed since.

    times: path below root -> modification time in nanoseconds. One look at the history serves all of them.
    """
    days = {path: _day(ns / 1e9) for path, ns in times.items()}
    git = shutil.which("git")
    if git is None or not times or not any((folder / ".git").exists() for folder in (root, *root.resolve().parents)):
        return days
    told = _Git(git, root)
    wanted = times.keys() - set(told.names("diff", "--name-only", "-z", "--relative", "HEAD", "--", "."))
    return days | dict(_committed(told, wanted))


def _committed(git: "_Git", wanted: Collection[str]) -> Iterator[tuple[str, date]]:
    """(path, day of its last commit), newest first, for as long as there are some left."""
    left, day = set(wanted), date.min
    history = ("log", "--format=%x01%ct", "--name-only", "-z", "--no-renames", "--relative", "--", ".")
    for told in git.names(*history) if left else ():
        name = told.lstrip("\n")
        if name.startswith("\x01"):  # a commit; its files follow
            day = _day(float(name[1:]))
        elif name in left:
            left.discard(name)
            yield name, day
            if not left:
                return


class _Git:
    """git in one folder, read piece by piece until its time is over."""

    def __init__(self, git: str, root: Path) -> None:
        # What a repository wants to be run while it is read is not run.
        self._command = [git, "-C", str(root), "-c", "core.fsmonitor=false"]
        # A repository is found by where the folder lies, not by what the server was started in.
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self._environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}

    def names(self, *arguments: str) -> Iterator[str]:
        """What git prints between two NUL bytes, one after the other; nothing where it can't or may not."""
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell; no argument is a user's
                [*self._command, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return
        assert process.stdout is not None
        late = threading.Timer(SECONDS, process.kill)
        late.start()
        rest = b""
        try:
            while read := process.stdout.read(65536):
                *whole, rest = (rest + read).split(b"\0")
                yield from (name.decode("utf8", "replace") for name in whole)
        finally:
            late.cancel()
            process.kill()
            process.stdout.close()
            process.wait()


def _day(seconds: float) -> date:
    """The day in this machine's time zone."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().date()
