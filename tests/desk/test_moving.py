"""A base goes over to a cluster and back; what differs is told."""

from pathlib import Path
from uuid import uuid4

import clusters
import pytest
from click.testing import CliRunner

from kb.cli import cli
from kb.desk import publishing
from kb.desk.moving import compared
from kb.search.engine import engines
from kb.settings import Settings, load

GOLDEN = "打印机卡纸\tKB-000001\n"
ARTICLE = "---\nid: KB-{n:06d}\nkind: manual\ntitle: {title}\n---\n\n{title}：先看{n}号手册。\n"


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A base of three articles in a folder with a kb.toml that names a cluster."""
    clusters.require()
    nodes = ", ".join(f'"{address}"' for address in clusters.shared("one", 1).addresses)
    own = f'opensearch_index = "t{uuid4().hex}"\nopensearch_replicas = 0\n'
    (tmp_path / "kb.toml").write_text(f'opensearch = [{nodes}]\n{own}workers = 1\nencoder = "off"\n', "utf8")
    (tmp_path / "articles").mkdir()
    for n, title in enumerate(("打印机卡纸", "交换机端口", "表空间不足"), 1):
        (tmp_path / "articles" / f"{n}.md").write_text(ARTICLE.format(n=n, title=title), "utf8")
    (tmp_path / "articles" / "golden.tsv").write_text(GOLDEN, "utf8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KB_ENCODER", raising=False)
    return load(folder=tmp_path)


def test_there_and_back(moving: Settings) -> None:
    """`kb move` builds, compares, and says what is to be set; both engines answer afterwards."""
    for to in ("opensearch", "embedded"):
        result = CliRunner().invoke(cli, ["move", "--to", to])
        assert result.exit_code == 0, result.output
        assert "3" in result.output
        assert f'engine = "{to}"' in result.output
        engine = engines(load({"engine": to}, Path.cwd())).in_force()
        assert sorted(path for path, _ in engine.digests()) == ["1.md", "2.md", "3.md"]


def test_what_differs(moving: Settings) -> None:
    """An article that the other engine lacks, and one that it has in another state."""
    there = load({"engine": "opensearch"}, Path.cwd())
    publishing.build(there)
    (moving.articles / "1.md").unlink()
    (moving.articles / "2.md").write_text(ARTICLE.format(n=2, title="交换机端口不亮"), "utf8")
    (moving.articles / "4.md").write_text(ARTICLE.format(n=4, title="投影仪"), "utf8")
    publishing.build(moving)
    moved = compared(moving, there, "opensearch")
    assert (moved.missing, moved.others) == (("4.md",), ("1.md", "2.md"))
    assert not moved.whole
