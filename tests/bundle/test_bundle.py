"""What an index on disk promises: one switch, every damage noticed and named, no leftovers."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import kb.bundle
from kb.bundle import MANIFEST, SCHEMA, building, bundles, current_name, open_current, publish
from kb.errors import BundleError, BusyError, DamagedBundleError, NoBundleError, OpenBundleError, StaleBundleError
from kb.indexer.build import build
from kb.model import Query
from kb.model.schema import FACETS
from kb.search.index import Index
from kb.search.searcher import search
from kb.settings import Settings

Write = Callable[[str, str], Path]

# Another list is another SCHEMA: who has a bundle of the old one is told to build it anew.
FILES = [
    "articles.jsonl", "articles.offsets.npy", "articles.first.npy", "articles.names.json", "articles.stat.npy",
    "articles.updated.npy", "articles.created.npy", "articles.review_after.npy",
    "articles.ids.npy", "articles.ids.numbers.npy", "articles.paths.npy", "articles.paths.numbers.npy",
    "bodies.jsonl", "bodies.offsets.npy", "passages.jsonl", "passages.offsets.npy", "passages.article.npy",
    "facets.json", *(f"facet.{name}.{column}.npy" for name in FACETS for column in ("articles", "values")),
    "pictures.keys.npy", "pictures.articles.npy",
    "meaning.keys.npy", "meaning.first.npy", "synonyms.json", "dictionary.json", "passages.page.npy",
    "facts.articles.npy", "terms.idf.npy",
    "spelling.words.txt", "spelling.sounds.txt", "spelling.syllables.txt",
    "general.keys.npy", "general.shares.npy",
    *(f"spelling.{p}.npy" for p in ("starts", "df", "keys", "numbers", "readings")),
    *(f"topics.{p}.npy" for p in ("terms", "places", "passages")),
    "terms.keys.npy",
    *(f"{name}.{p}.npy" for name in ("weights", "pages", "codes") for p in ("indptr", "rows", "data")),
    *(f"{m}.{p}.npy" for m in ("text", "title", "pairs", "page_text", "page_pairs") for p in ("df", "mean")),
    *(f"counts.{m}.{p}.npy" for m in ("text", "title", "pairs", "codes") for p in ("indptr", "indices", "data")),
    "words.txt", "stream.npy",
    *(f"stream.{p}.npy" for p in ("segments", "passages", "fields", "indptr", "places")),
]  # fmt: skip


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index folder with one small published bundle, not made by a real build."""
    folder = tmp_path / "index"
    put(folder, "one")
    return folder


def put(index: Path, text: str) -> str:
    with building(index) as folder:
        (folder / "whoosh").mkdir()
        (folder / "whoosh" / "seg").write_text(text)
        (folder / "data").write_text(text)
        return publish(index, folder, {"made_by": text}).folder.name


@pytest.mark.parametrize("place", [".", "current", "{name}", "{name}/manifest.json", "{name}/data", "{name}/whoosh"])
def test_what_others_may_write_is_not_opened(index: Path, place: str) -> None:
    """A file or folder of the index that any user may change is refused, with the command that closes it."""
    path = index / place.format(name=current_name(index))
    mode = path.stat().st_mode
    path.chmod(mode | 0o002)
    with pytest.raises(OpenBundleError, match="chmod -R o-w"):
        open_current(index)
    path.chmod(mode)
    open_current(index)


def test_nothing_is_built_where_others_may_write(index: Path) -> None:
    """Nor does a build trust such a folder."""
    index.chmod(0o777)
    with pytest.raises(OpenBundleError, match="777"):
        put(index, "two")
    index.chmod(0o755)


def test_a_build_closes_what_it_writes(tmp_path: Path) -> None:
    """Whatever the umask of the user gives away."""
    before = os.umask(0)
    try:
        put(tmp_path / "index", "one")
    finally:
        os.umask(before)
    open_current(tmp_path / "index")


def test_nothing_built(tmp_path: Path) -> None:
    """No index yet is said so, with the command that makes one."""
    with pytest.raises(NoBundleError, match="kb build"):
        open_current(tmp_path / "index")


def test_publish_switches(index: Path) -> None:
    """Until the switch readers see the old bundle, after it the new one; the old files stay for who has them open."""
    old = open_current(index)
    with building(index) as folder:
        (folder / "data").write_text("two")
        assert open_current(index).folder == old.folder
        publish(index, folder, {"made_by": "two"})
    assert open_current(index).manifest["made_by"] == "two"
    assert old.file("data").read_text() == "one"


def test_switch_is_one_rename(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the very last step fails, the old bundle is whole and in force."""
    before = current_name(index)

    def fail(self: Path, target: Path) -> Path:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="input/output"):
        put(index, "two")
    monkeypatch.undo()
    assert open_current(index).manifest["made_by"] == "one"
    put(index, "three")
    assert {b.name for b in bundles(index)} == {before, current_name(index)}
    assert not (index / "current.new").exists()


def test_old_bundles_are_removed(index: Path) -> None:
    """The bundle in force and the one before it stay, older ones go."""
    names = [put(index, str(i)) for i in range(4)]
    assert {b.name for b in bundles(index)} == set(names[-2:])
    assert current_name(index) == names[-1]


def test_leftovers_of_killed_builds_are_removed(index: Path) -> None:
    """What killed builds left is gone at the next build, even one that publishes nothing."""
    (index / ".building-99999").mkdir()
    (index / ".building-99999" / "data").write_text("half")
    (index / "current.new").write_text("nowhere")
    with building(index):
        pass
    assert sorted(p.name for p in index.iterdir()) == sorted([".lock", "current", str(current_name(index))])


def test_unpublished_build_leaves_nothing(index: Path) -> None:
    """A build that fails in Python takes its folder with it."""

    def failing() -> None:
        with building(index) as folder:
            (folder / "data").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert not list(index.glob(".building-*"))


def test_second_build_is_refused(index: Path) -> None:
    """One build at a time; the refusal names the process that is building."""
    with building(index), pytest.raises(BusyError, match=str(os.getpid())), building(index):
        pass


def test_other_schema(index: Path) -> None:
    """A bundle of another version is not misread, and the message says what to do."""
    path = open_current(index).file(MANIFEST)
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": SCHEMA + 1}))
    with pytest.raises(StaleBundleError, match="kb build"):
        open_current(index)


LACKING = [
    "articles.jsonl", "passages.article.npy", "passages.page.npy", "terms.keys.npy", "weights.rows.npy",
    "pages.data.npy", "topics.places.npy", "facets.json", "facet.area.values.npy", "articles.ids.numbers.npy",
    "spelling.df.npy", "spelling.words.txt", "words.txt", "stream.places.npy", "facts.articles.npy", "whoosh",
]  # fmt: skip


@pytest.mark.parametrize("name", LACKING)
def test_a_file_that_another_version_did_not_write(settings: Settings, write: Write, name: str) -> None:
    """A bundle that is sound, but without a file that this version reads, is called that, at the latest when asked."""
    write("a.md", "---\ntags: [甲]\n---\n# 打印机卡纸\n\n进纸轮磨损。\n")
    build(settings)
    bundle = open_current(settings.index)
    shutil.rmtree(bundle.file(name)) if name == "whoosh" else bundle.file(name).unlink()
    manifest = json.loads(bundle.file(MANIFEST).read_text("utf8"))
    manifest["files"] = {n: v for n, v in manifest["files"].items() if n.split("/")[0] != name}
    manifest["checksum"] = kb.bundle._manifest_checksum(manifest)
    bundle.file(MANIFEST).write_text(json.dumps(manifest), "utf8")
    opened = open_current(settings.index)

    def ask() -> None:
        index = Index(opened)
        search(index, Query('tag:甲 "进纸轮" prnter area:x'))
        list(index.topics.lift(index.weights.scores({}), {}, index.weights))
        index.number_of("KB-000001")

    with pytest.raises(StaleBundleError, match="kb build --full") as caught:
        ask()
    assert name in str(caught.value)
    build(settings, full=True)
    assert search(Index(open_current(settings.index)), Query('tag:甲 "进纸轮"')).total == 1


def missing(path: Path) -> None:
    path.unlink()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def changed(path: Path) -> None:
    """One bit, in the middle."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


DAMAGES = [missing, truncated, longer, changed]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [MANIFEST, "data", "whoosh/seg"])
def test_every_damage_is_named(index: Path, name: str, damage: Callable[[Path], None]) -> None:
    """A file that is missing, shorter, longer or changed by one bit is found at open and named."""
    path = open_current(index).file(name)
    damage(path)
    with pytest.raises(DamagedBundleError) as caught:
        open_current(index)
    assert str(path) in str(caught.value)
    assert "kb build" in str(caught.value)


def test_a_changed_fact_of_the_manifest(index: Path) -> None:
    """A manifest that is valid JSON but not what was written is damaged too."""
    path = open_current(index).file(MANIFEST)
    path.write_text(path.read_text().replace('"one"', '"two"'))
    with pytest.raises(DamagedBundleError, match=MANIFEST):
        open_current(index)


@pytest.mark.parametrize("text", ["[]", "null", "{}", "", "not json", '{"schema": 1}'])
def test_a_manifest_of_another_shape(index: Path, text: str) -> None:
    """Whatever stands in the manifest, the answer is a sentence and no traceback."""
    open_current(index).file(MANIFEST).write_text(text)
    with pytest.raises(DamagedBundleError, match=MANIFEST):
        open_current(index)


def test_damaged_pointer(index: Path) -> None:
    """A pointer that can't be read or points to nothing is damage; the next build mends it."""
    (index / "current").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(DamagedBundleError, match="current"):
        open_current(index)
    (index / "current").write_text("20010101T000000-0\n")
    with pytest.raises(DamagedBundleError, match="20010101T000000-0"):
        open_current(index)
    put(index, "two")
    assert open_current(index).manifest["made_by"] == "two"


def test_every_file_of_a_real_bundle_is_watched(settings: Settings, write: Write) -> None:
    """Nothing that a build writes is left out of the manifest, and each file's damage is found."""
    write("a.md", "# 打印机卡纸\n\n进纸轮磨损，错误 0x11b。\n")
    build(settings)
    bundle = open_current(settings.index)
    watched = set(bundle.manifest["files"])
    written = {p.relative_to(bundle.folder).as_posix() for p in bundle.folder.rglob("*") if p.is_file()}
    assert set(FILES) == {name for name in watched if not name.startswith("whoosh/")}
    assert {n for n in written - watched if not n.endswith("LOCK")} == {MANIFEST}
    for name in sorted(watched):
        path = bundle.file(name)
        intact = path.read_bytes()
        for damage in DAMAGES:
            if intact or damage is longer:
                damage(path)
                with pytest.raises(DamagedBundleError) as caught:
                    open_current(settings.index)
                assert str(path) in str(caught.value)
                path.write_bytes(intact)
    assert open_current(settings.index).manifest == bundle.manifest


@pytest.mark.parametrize("name", ["index", "index/.lock"])
def test_index_that_can_not_be_written(tmp_path: Path, name: str) -> None:
    """A file in the place of the index folder, a folder in the place of its lock: a sentence with the path."""
    if name == "index":
        (tmp_path / "index").write_text("I am a file")
    else:
        (tmp_path / "index" / ".lock").mkdir(parents=True)
    with pytest.raises(BundleError, match=str(tmp_path / "index")), building(tmp_path / "index"):
        pass
