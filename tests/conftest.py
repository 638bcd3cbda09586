"""Fixtures: a folder of articles written from short texts, settings for it, and the sample base built once."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import clusters
import databases
import pytest
from encoders import PairEncoder, forget
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from post import Letterbox

from kb.bundle import CURRENT, open_current
from kb.database.connection import Store
from kb.desk.calibration import calibrate
from kb.desk.examination import examine
from kb.indexer.build import build
from kb.language import use
from kb.search.index import Index
from kb.settings import Settings, load

ARTICLES = Path(__file__).parent.parent / "articles"
GOLDEN = Path(__file__).parent / "golden"

hypothesis.register_profile("guzhi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("guzhi")  # a busy machine is no failure

Write = Callable[[str, str], Path]

CHROMIUM = shutil.which("chromium")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests in a browser need one: without it they are skipped, but fail where CI is set."""
    missing = CHROMIUM is None or find_spec("playwright") is None
    if item.get_closest_marker("browser") and missing:
        told = "needs Debian's chromium package and the Python package playwright"
        if os.environ.get("CI"):
            pytest.fail(told, pytrace=False)
        pytest.skip(told)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The first process of a run ends the clusters that any of them started."""
    if not hasattr(config, "workerinput"):
        clusters.end()


@pytest.fixture(autouse=True, scope="session")
def hasty() -> Iterator[None]:
    """No power fails during the tests: hundreds of bundles need not wait for the disk, which is most of their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(os, "sync", lambda: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The migrations make one database, of which others are copies."""
    with databases.copied(tmp_path_factory.mktemp("database")):
        yield


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guzhi speaks Chinese, no setting of the developer's own shell counts, and no vectors are made unasked."""
    for name in [n for n in os.environ if n.startswith("KB_")]:
        monkeypatch.delenv(name, raising=False)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("KB_ENCODER", "off")
    use("zh")


@pytest.fixture(scope="session", autouse=True)
def browsers() -> Iterator[None]:
    """A test client says what a browser says of a page of this site; werkzeug's own client stands for programs."""
    opened = FlaskClient.open

    def open_as_a_browser(self: FlaskClient, *args: Any, **kwargs: Any) -> Any:
        self.environ_base.setdefault("HTTP_SEC_FETCH_SITE", "same-origin")
        return opened(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FlaskClient, "open", open_as_a_browser)
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty articles folder and no index yet, one process, and no words but those a test writes."""
    (tmp_path / "articles").mkdir()
    return load({"workers": 1, "trade_words": False}, tmp_path)


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Settings]:
    """Settings whose encoder is the one of pairs of characters; nothing was encoded yet."""
    monkeypatch.setattr("kb.meaning.universal.UniversalEncoder", PairEncoder)
    monkeypatch.setattr(PairEncoder, "texts", [])
    monkeypatch.setenv("KB_ENCODER", "")
    forget(monkeypatch)
    yield replace(settings, encoder="")
    forget(monkeypatch)


@pytest.fixture
def write(settings: Settings) -> Write:
    """write("printer/a.md", text): an article (or dictionary.txt, synonyms.txt) in the articles folder."""

    def write(name: str, text: str) -> Path:
        path = settings.articles / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf8")
        return path

    return write


@pytest.fixture(scope="session")
def postgresql() -> Iterator[databases.Cluster]:
    """A PostgreSQL server for the whole run."""
    if reason := databases.missing():
        pytest.skip(reason)
    with databases.cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The setting `database` of a new one of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "data" / "guzhi.db")
    cluster: databases.Cluster = request.getfixturevalue("postgresql")
    return cluster.database()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A new database of each kind, closed afterwards."""
    store = Store(database)
    yield store
    store.close()


@pytest.fixture
def indexed(settings: Settings) -> Callable[[], Index]:
    """indexed(): build what was written and open it."""

    def indexed() -> Index:
        build(settings)
        return Index(open_current(settings.index))

    return indexed


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The repository's own articles, built once for all tests."""
    folder = tmp_path_factory.mktemp("built")
    build(load({"articles": ARTICLES, "index": folder / "index", "workers": 1}, folder))
    return Index(open_current(folder / "index"))


def index_of_its_own(built: Index, folder: Path) -> Path:
    """An index folder with that bundle in force, for what else a site keeps there."""
    folder.mkdir()
    (folder / built.bundle.folder.name).symlink_to(built.bundle.folder)
    (folder / CURRENT).write_text(built.bundle.folder.name + "\n", "utf8")
    return folder


@pytest.fixture(scope="session")
def site_folder(built: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to copy: the repository's articles, their index, and all that a site makes of one beside its pages."""
    folder = tmp_path_factory.mktemp("site") / "base"
    shutil.copytree(ARTICLES, folder / "articles")
    shutil.copytree(built.bundle.folder.parent, folder / "index")
    settings = load({}, folder)
    calibrate(settings)
    examine(settings)
    return folder


@pytest.fixture(scope="session")
def sample_settings(built: Index) -> Settings:
    """The settings of a site of the repository's own articles."""
    folder = built.bundle.folder.parent
    return load({"articles": ARTICLES, "index": folder}, folder)


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    """A server that takes mail, on loopback."""
    box = Letterbox()
    box.start()
    yield box
    box.stop()
