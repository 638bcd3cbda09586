"""This module answers: how do saved articles come into git, in their editor's name?"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kb.language import say

SECONDS = 20
"""How long one git command may take, its hooks included."""


def commit(root: Path, paths: Sequence[str], editor: str, message: str) -> str:
    """Commit these files (paths below root) and nothing else that lies in the work tree or the index.

    Returns "" when it is done or when root is in no repository, else the sentence that says what git complained of.
    """
    message, editor = _plain(message), _plain(editor)
    git = shutil.which("git")
    if git is None or _run(git, root, "rev-parse", "--is-inside-work-tree", editor=editor).strip() != "true":
        return ""
    try:
        # git add -A takes in removals too, and refuses what .gitignore names.
        _run(git, root, "add", "-A", "--", *paths, editor=editor, strict=True)
        _run(git, root, "commit", "--quiet", "--only", "-m", message, "--", *paths, editor=editor, strict=True)
    except _GitError as error:
        return say("已保存，但没有提交到 git：{why}", "saved, but not committed to git: {why}", why=error)
    return ""


def _plain(text: str) -> str:
    """Without what no command takes: NUL, and halves of a character."""
    return text.replace("\0", " ").encode("utf8", "replace").decode("utf8")


class _GitError(Exception):
    pass


def _run(git: str, root: Path, *arguments: str, editor: str, strict: bool = False) -> str:
    name = " ".join(re.sub(r"[<>\n\r\0]", " ", editor).split()) or "editor"
    mail = (re.sub(r"[^a-z0-9]+", ".", name.lower()).strip(".") or "editor") + "@guzhi.invalid"
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", name), ("EMAIL", mail))}  # fmt: skip
    # A repository is found by where the folder lies, not by what the server was started in.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - no shell; paths stand behind --
            [git, "-C", str(root), "--literal-pathspecs", *arguments],
            env={**inherited, **who, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        if strict:
            raise _GitError(type(error).__name__ if isinstance(error, OSError) else f"> {SECONDS} s")
        return ""
    if strict and done.returncode:
        raise _GitError((done.stderr or done.stdout).strip().split("\n")[-1][:300] or str(done.returncode))
    return done.stdout
