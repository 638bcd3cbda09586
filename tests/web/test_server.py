"""The running server: as many processes as were asked for, come what may; what changes is indexed, and said if not."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from conftest import Write

from kb.indexer import watch
from kb.indexer.watch import Watcher, state
from kb.settings import Settings

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
PATIENCE = 120.0


def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What a function answers, as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def children(parent: int) -> set[int]:
    """The processes that a process started, zombies aside."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.add(int(stat.parent.name))
    return found


def answer(address: str, **request: Any) -> Any:
    with urlopen(Request(address, **request), timeout=60) as found:
        return json.load(found)


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`kb serve` in a folder: the process, and the address of the site."""
    command = [sys.executable, "-m", "kb", "serve", "--port", "0", "--watch", "0.2"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**ENVIRONMENT, **variables},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        try:
            said = re.search(r"http://[\d.]+:\d+", server.stdout.readline())
            assert said, (folder / "log").read_text("utf8")
            yield server, said[0]
        finally:
            server.terminate()
            assert server.wait(PATIENCE) is not None


ARTICLE = "---\nid: KB-00000{n}\ntitle: 打印机第{v}版\nkind: manual\n---\n\n更换搓纸轮，第{v}版。\n"


def test_as_many_processes_as_were_asked_for(settings: Settings, write: Write, tmp_path: Path) -> None:
    """Two that answer, one that watches and one that does what each minute asks for, before and after six saves and six
    changed files; one that answers and is killed is replaced by one, once; when the server is told to stop, nothing is
    left of it."""
    for n in (1, 2):
        write(f"{n}.md", ARTICLE.format(n=n, v=0))
    with serving(tmp_path, KB_PROCESSES="2") as (server, site):
        four = until(lambda: len(found := children(server.pid)) == 4 and found)
        assert four
        article = f"{site}/api/v1/sources/1.md"
        digest = answer(article)["digest"]
        for version in range(1, 7):
            (settings.articles / "2.md").write_text(ARTICLE.format(n=2, v=version), "utf8")
            body = json.dumps({"text": ARTICLE.format(n=1, v=version), "editor": "甲"}).encode()
            headers = {"Content-Type": "application/json", "If-Match": f'"{digest}"', "Origin": site}
            digest = answer(article, data=body, headers=headers, method="PUT")["digest"]
        assert until(lambda: "第6版" in answer(f"{site}/api/v1/articles/KB-000002")["title"])
        assert children(server.pid) == four
        killed = min(four)
        os.kill(killed, signal.SIGKILL)
        new = until(lambda: len(found := children(server.pid)) == 4 and killed not in found and found)
        assert new
        assert new - four != set()
        assert len(new & four) == 3
        ended = re.findall(r"(\S+) ended \(-9\)", (tmp_path / "log").read_text("utf8"))
        assert [name.rstrip("12") for name in ended] == ["site-"]
        assert answer(f"{site}/health")["articles"] == 2
        everything = set().union(*map(children, new), new)
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everything))


SUPERVISED = """if True:
    import os, signal, sys, time
    from kb.errors import KbError
    from kb.web import supervisor
    from kb.web.supervisor import Job, supervise

    supervisor.PAUSE = 0.01

    def fail():
        print("fail", flush=True)
        os._exit(3)

    def stay():
        print("stay", flush=True)
        time.sleep(600)

    # A child that is not the supervisor's: whoever started it learns how it ended.
    other = os.fork()
    if not other:
        os._exit(7)
    try:
        supervise([Job("good", stay), Job("bad", fail, needed=sys.argv[1] == "needed")])
    except KbError as error:
        print(error, flush=True)
    print("other", os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]), flush=True)
"""


def supervised(kind: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SUPERVISED, kind]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_what_will_not_stay_is_given_up() -> None:
    """A process that is needed and ends at once is started some times, then all stop, with a sentence; a child of
    somebody else is never taken for one of them."""
    out, _ = supervised("needed").communicate(timeout=PATIENCE)
    lines = out.splitlines()
    assert lines.count("fail") == 7
    assert lines.count("stay") == 1
    assert "bad" in lines[-2]
    assert "3" in lines[-2]
    assert lines[-1] == "other 7"


def test_the_site_does_not_stop_for_the_watcher() -> None:
    """A process that is not needed is tried for ever, and the others go on."""
    with supervised("spare") as process:
        assert process.stdout is not None
        fails = 0
        while fails < 9:
            fails += process.stdout.readline() == "fail\n"
        process.terminate()
        assert "other 7" in process.stdout.read()


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Exit codes of the next builds; each takes one, and the articles are as they were seen."""
    codes: list[int] = []

    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], codes.pop(0), "", "没有空间")

    monkeypatch.setattr("kb.indexer.watch.subprocess.run", run)
    return codes


def test_a_build_that_fails_is_tried_again(
    settings: Settings, write: Write, commands: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """Until it succeeds, each failure told with its reason, and not again before its time."""
    watcher = Watcher(settings, 0.001, state(settings))
    write("a.md", "# 甲\n")
    commands += [2, -9, 0]

    def looked() -> bool:
        watcher.look()
        return not commands

    with caplog.at_level(logging.WARNING):
        until(looked)
    assert len(caplog.records) == 2
    assert all("没有空间" in r.getMessage() for r in caplog.records)
    watcher.look()  # nothing changed: no further command is there to be taken


def test_a_failing_build_is_not_tried_without_pause(settings: Settings, write: Write, commands: list[int]) -> None:
    watcher = Watcher(settings, 100, state(settings))
    write("a.md", "# 甲\n")
    commands += [2]
    for _ in range(3):
        watcher.look()
    assert not commands


def note(settings: Settings) -> None:
    with (settings.articles.parent / "noted").open("a", encoding="utf8") as f:
        f.write(f"{os.getpid()}\n")


def fail(settings: Settings) -> None:
    raise ZeroDivisionError


def test_steps_follow_each_index(
    settings: Settings, write: Write, indexed: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once for each that is published, whoever built it, in a process of their own; one that fails stops no other."""
    watcher = Watcher(settings, 0, state(settings), (fail, note))
    watcher.look()
    assert not (tmp_path / "noted").exists()  # there is no index yet
    for text in ("# 甲\n", "# 乙\n"):
        write("a.md", text)
        indexed()
        watcher.look()
        watcher.look()
    noted = (tmp_path / "noted").read_text("utf8").split()
    assert len(set(noted)) == 2 == len(noted)
    assert str(os.getpid()) not in noted
    assert "fail" in caplog.text
    assert watch.NICENESS > 0
