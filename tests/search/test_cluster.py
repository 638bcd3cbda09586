"""What happens to questions and saves when a cluster fails: one node, all of it, its disks, its time."""

import json
import multiprocessing
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import clusters
import pytest
from click.testing import CliRunner
from gates import Gate

from kb.cli import cli
from kb.desk import publishing
from kb.desk.after_save import settle
from kb.errors import EngineError, NoBundleError, RefusedSaveError
from kb.model import Query
from kb.model.sight import Sight
from kb.search.engine import Engines, engines
from kb.search.opensearch import client as clients
from kb.search.opensearch.client import Client
from kb.search.suggest import MAX_TERMS
from kb.settings import Settings, load
from kb.web import create_app

ARTICLE = """---
id: KB-{n:06d}
kind: case
title: 打印机{n}号报 E-{n:04d}
area: printer
cause: hardware
aliases: [第{n}台坏了]
---
## 现象

{n}号打印机卡纸，面板显示 E-{n:04d}。

## 解决

更换{n}号搓纸轮。
"""


def base_of(folder: Path, nodes: tuple[str, ...], replicas: int = 0, articles: int = 3) -> Settings:
    options = {
        "articles": folder / "articles",
        "index": folder / "index",
        "workers": 1,
        "trade_words": False,
        "encoder": "off",
        "engine": "opensearch",
        "opensearch": list(nodes),
        "opensearch_index": f"t{uuid4().hex}",
        "opensearch_replicas": replicas,
    }
    settings = load(options, folder)
    for n in range(1, articles + 1):
        write(settings, n)
    publishing.build(settings)
    return settings


def write(settings: Settings, n: int) -> str:
    settings.articles.mkdir(exist_ok=True)
    (settings.articles / f"{n}.md").write_text(ARTICLE.format(n=n), "utf8")
    return f"{n}.md"


@pytest.fixture
def cluster() -> clusters.Cluster:
    clusters.require()
    return clusters.shared("one", 1)


@pytest.fixture
def gate(cluster: clusters.Cluster) -> Iterator[Gate]:
    gate = Gate(cluster.ports[0])
    yield gate
    gate.shut()


@pytest.fixture
def settings(gate: Gate, tmp_path: Path) -> Settings:
    """A base whose cluster is reached through a gate."""
    return base_of(tmp_path, (gate.address,))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster is waited for for a second."""
    monkeypatch.setattr(clients, "SECONDS", 1.0)


def found(following: Engines, n: int) -> list[str]:
    return [hit.article.id for hit in following.in_force().search(Query(f"E-{n:04d}")).hits]


# --- the whole cluster -----------------------------------------------------------------------


def test_away(settings: Settings, gate: Gate) -> None:
    """A site says so with 503 and when to come again, shows articles from their files, and goes on by itself."""
    browser = create_app(settings).test_client()
    assert "E-0002" in browser.get("/search?q=E-0002").text
    gate.shut()
    for page in ("/search?q=E-0001", "/", "/api/v1/search?q=x"):
        answer = browser.get(page)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), page
        assert "OpenSearch" in answer.text
    health = browser.get("/health")
    assert (health.status_code, health.get_json()["status"]) == (503, "unavailable")
    shown = browser.get("/a/KB-000002", follow_redirects=True)
    assert shown.status_code == 200
    assert "更换2号搓纸轮" in shown.text
    assert browser.get("/a/KB-000009").status_code == 404
    gate.open()
    assert "E-0001" in browser.get("/search?q=E-0001").text
    assert browser.get("/health").get_json()["engine"] == {"name": "opensearch", "state": "green"}


def test_a_process_that_begins_while_it_is_away(settings: Settings, gate: Gate) -> None:
    """It knows what was in force from its own folder; what a reader does not see stays unseen."""
    (settings.articles / "secret.md").write_text(
        ARTICLE.format(n=9).replace("area:", "audience: team:red\narea:"), "utf8"
    )
    publishing.update(settings, ["secret.md"])
    engines(settings).in_force()
    gate.shut()
    engine = engines(settings).in_force()
    assert engine.body(engine.article("KB-000001")).count("1号") == 2
    part = engine.seen_by(Sight(audiences=frozenset({"internal"})))
    assert part.article("2.md").id == "KB-000002"
    with pytest.raises(Exception, match="KB-000009"):
        part.article("KB-000009")
    with pytest.raises(EngineError):
        part.search(Query("打印机"))


def test_a_save_while_it_is_away(settings: Settings, gate: Gate) -> None:
    """The file is saved, the reason is told, and the next build brings the cluster up to date."""
    gate.shut()
    (told,) = settle(settings, [write(settings, 4)], "li", "")
    assert "OpenSearch" in told
    gate.open()
    publishing.build(settings)
    assert found(engines(settings), 4) == ["KB-000004"]


@pytest.mark.usefixtures("hasty")
def test_slow(settings: Settings, gate: Gate) -> None:
    """A cluster that takes too long is waited for no longer than was said, and told apart from one that is away."""
    engine = engines(settings).in_force()
    gate.stall()
    with pytest.raises(EngineError) as slow:
        engine.search(Query("打印机"))
    assert slow.value.state == "slow"
    assert engines(settings).state()[:2] == ("slow", False)
    gate.shut()
    assert engines(settings).state()[:2] == ("away", False)


def test_read_only(settings: Settings, cluster: clusters.Cluster) -> None:
    """Where disks are full questions are answered, saves are refused with the reason, and go on once there is room."""
    index = Client(settings).current()

    def block(value: bool | None) -> None:
        body = {"index": {"blocks": {"read_only_allow_delete": value}}}
        cluster.ask(f"/{index}/_settings", body=body, method="PUT")

    block(True)
    following = engines(settings)
    assert following.state()[:2] == ("read-only", True)
    with pytest.raises(RefusedSaveError):
        publishing.update(settings, [write(settings, 5)])
    assert found(following, 1) == ["KB-000001"]
    block(None)
    publishing.publish(settings)
    assert found(following, 5) == ["KB-000005"]


def test_doctor(settings: Settings, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kb doctor knows the state of the cluster, also on a machine that has indexed nothing itself."""
    told = f'engine = "opensearch"\nopensearch = ["{gate.address}"]\nopensearch_index = "{settings.opensearch_index}"\n'
    (tmp_path / "kb.toml").write_text(f'{told}index = "another"\n', "utf8")
    monkeypatch.chdir(tmp_path)

    def row(what: str) -> tuple[bool, str]:
        result = CliRunner().invoke(cli, ["doctor", "--json"])
        assert result.stdout, result.output
        return next((r["ok"], r["found"]) for r in json.loads(result.stdout) if r["what"] == what)

    assert row("OpenSearch")[0]
    assert "3" in row("索引")[1]
    gate.shut()
    assert not row("OpenSearch")[0]


def test_red(settings: Settings, cluster: clusters.Cluster) -> None:
    """A shard that no node has makes the base red; other bases of the cluster are none of it."""
    nobody = {"settings": {"index": {"number_of_replicas": 0, "routing.allocation.require._name": "nobody"}}}
    name = f"{settings.opensearch_index}-lost"
    cluster.ask(f"/{name}?wait_for_active_shards=0&timeout=1s", body=nobody, method="PUT")
    assert engines(settings).state()[:2] == ("red", False)
    cluster.ask(f"/{name}", method="DELETE")
    assert engines(settings).state()[:2] == ("green", True)


# --- builds ----------------------------------------------------------------------------------


def names(settings: Settings) -> list[str]:
    return Client(settings).indexes()


def test_full_builds_swap(settings: Settings) -> None:
    """Each full build fills an index of its own; the last two stay, and who asks sees no half of one."""
    following = engines(settings)
    first = names(settings)
    old = following.in_force()
    for n in (6, 7):
        write(settings, n)
        publishing.build(settings, full=True)
    assert len(names(settings)) == 2
    assert first[0] not in names(settings)
    assert old.article("KB-000001").title  # gone with its index, and still read
    assert found(following, 7) == ["KB-000007"]


def test_a_killed_build_leaves_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a build left that ended before its time is gone after the next, and nobody ever saw it."""
    following = engines(settings)
    with monkeypatch.context() as patched:
        patched.setattr(Client, "settle", _killed)
        write(settings, 8)
        with pytest.raises(KeyboardInterrupt):
            publishing.build(settings, full=True)
    assert len(names(settings)) == 2
    assert found(following, 8) == []
    write(settings, 9)
    publishing.build(settings, full=True)
    assert len(names(settings)) == 2
    assert found(following, 8) == ["KB-000008"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_judged_set_is_measured_on_it(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kb eval asks the engine that is set, in an index of its own that is gone afterwards."""
    judged = tmp_path / "set"
    judged.mkdir()
    documents = [{"id": str(n), "title": f"打印机{n}", "text": f"{n}号：E-{n:04d} 卡纸"} for n in range(1, 6)]
    (judged / "corpus.jsonl").write_text("".join(json.dumps(d) + "\n" for d in documents), "utf8")
    (judged / "queries.jsonl").write_text(json.dumps({"id": "q", "text": "E-0003"}) + "\n", "utf8")
    (judged / "qrels.tsv").write_text("q\t3\t1\n", "utf8")
    nodes = ", ".join(f'"{node}"' for node in settings.opensearch)
    told = f'engine = "opensearch"\nopensearch = [{nodes}]\nopensearch_index = "{settings.opensearch_index}"\n'
    (tmp_path / "kb.toml").write_text(f"{told}opensearch_replicas = 0\nworkers = 1\n", "utf8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["eval", str(judged), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["ndcg10"] == 1.0
    assert Client(replace(settings, opensearch_index=f"{settings.opensearch_index}.aside*")).indexes() == []


def test_nothing_is_there_yet(cluster: clusters.Cluster, tmp_path: Path) -> None:
    """Before the first build that is told, and the state of the cluster is another matter."""
    settings = load({"engine": "opensearch", "opensearch": list(cluster.addresses)}, tmp_path)
    settings = replace(settings, opensearch_index=f"t{uuid4().hex}")
    with pytest.raises(NoBundleError):
        engines(settings).in_force()


def test_processes_have_connections_of_their_own(settings: Settings) -> None:
    """A process that is forked after questions were asked reads the answers to its own, and none of another's."""
    engine = engines(settings).in_force()
    assert engine.total() == 3

    def ask() -> None:
        for n in (1, 2, 3):
            (hit,) = engine.search(Query(f'"E-{n:04d}"')).hits
            assert hit.article.id == f"KB-{n:06d}"

    processes = [multiprocessing.get_context("fork").Process(target=ask) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: the gate, and what runs tests, have threads
        for process in processes:
            process.start()
    ask()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert engine.total() == 3


def test_pastes_of_any_size(settings: Settings) -> None:
    """A paste of more words than a question may have is asked by its most telling ones."""
    words = " ".join(f"字{chr(0x4E00 + i)}{chr(0x5E00 + i)} w{i}x E-{i:04d}" for i in range(3 * MAX_TERMS))
    engine = engines(settings).in_force()
    assert engine.suggest(words).best >= 0
    assert engine.search(Query(words[:4000])).total >= 0


def test_no_secret_in_the_log(
    cluster: clusters.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a password nor what is searched stands in a log or in a sentence."""
    secret = tmp_path / "password"
    secret.write_text("geheim-7\n")
    monkeypatch.setenv("KB_OPENSEARCH_PASSWORD_FILE", str(secret))
    settings = replace(base_of(tmp_path, cluster.addresses), opensearch_user="guzhi")
    engine = engines(settings).in_force()
    engine.search(Query("机密的词"))
    shut = replace(settings, opensearch=("http://127.0.0.1:9",))
    told = engines(shut).state().told
    assert not re.search("geheim|机密", told + caplog.text)


# --- one node --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_node_is_killed(tmp_path: Path) -> None:
    """Under questions and saves: none fails, and nothing that was acknowledged is lost."""
    clusters.require()
    pair = clusters.shared("pair", 2)
    settings = base_of(tmp_path, pair.addresses, replicas=1)
    pair.wait()
    following, stop = engines(settings), threading.Event()
    failed: list[Exception] = []
    asked, saved = [0], [10]

    def ask() -> None:
        assert found(following, 1) == ["KB-000001"]
        assert following.in_force().suggest("打印机卡纸 E-0002").suggestions[0].article.id == "KB-000002"
        asked[0] += 1

    def save() -> None:
        publishing.update(settings, [write(settings, saved[0])])
        saved[0] += 1

    def repeat(once: Callable[[], None]) -> None:
        while not stop.is_set():
            try:
                once()
            except Exception as error:
                failed.append(error)
                return

    threads = [threading.Thread(target=repeat, args=(once,)) for once in (ask, save)]
    for thread in threads:
        thread.start()
    try:
        _until(lambda: asked[0] > 3 and saved[0] > 12, failed)
        victim = _expendable(pair)
        pair.kill(victim)
        before = asked[0], saved[0]
        _until(lambda: asked[0] > before[0] + 5 and saved[0] > before[1] + 5, failed)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed
    for n in range(10, saved[0]):
        assert found(following, n) == [f"KB-{n:06d}"]
    pair.start(victim)
    pair.wait()
    assert engines(settings).state()[:2] == ("green", True)
    assert found(following, saved[0] - 1)


def _expendable(pair: clusters.Cluster) -> int:
    """The node without which the other can decide: two nodes lose one of them, three any."""
    state = pair.ask("/_cluster/state/metadata,nodes")
    (voter,) = state["metadata"]["cluster_coordination"]["last_committed_config"]
    return 1 - int(state["nodes"][voter]["name"].removeprefix("n"))


def _until(reached: Callable[[], bool], failed: list[Exception]) -> None:
    done = threading.Event()
    for _ in range(1200):
        if reached() or failed:
            return
        done.wait(0.1)
    raise AssertionError("nothing happens any more")
