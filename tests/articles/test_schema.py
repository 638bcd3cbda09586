"""The table of keys: what is added to it is known everywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kb.model import Article
from kb.model.schema import BY_NAME, KEYS, Choice, Key

ROOT = Path(__file__).parents[2]

ROW = '    Key("site", "站点", "Site", How.EXACT, facet=True, asked=("站点",), columns="站点 机房 location"),\n'

SCRIPT = r"""
import json, sys
from pathlib import Path
from click.testing import CliRunner
from kb.articles.check import check
from kb.articles.files import parse, render
from kb.articles.importing.model import Options
from kb.articles.importing.plan import plan
from kb.cli import cli
from kb.indexer.build import build
from kb.labels import label
from kb.settings import load
from kb.web import create_app

folder = Path(sys.argv[1])
settings = load({"articles": folder / "articles", "index": folder / "index", "database": f"sqlite:///{folder}/a.db"})
file = settings.articles / "manual" / "a.md"
file.parent.mkdir(parents=True)
file.write_text("---\nkind: manual\ntitle: 换网线\nsite: 上海\n---\n# 换网线\n\n先拔下旧的网线。\n", "utf8")
other = file.read_text("utf8").replace("上海", "北京").replace("拔下旧的", "接好新的")
(file.parent / "b.md").write_text(other, "utf8")
table = folder / "t.csv"
table.write_text("标题,故障现象,解决方法,机房\n断网,网线松了,插紧网线,广州\n", "utf8")

said = {}
article = parse(file.read_text("utf8"), "manual/a.md")
said["article"] = [article.site, article.extra]
said["written"] = "site: 上海" in render(article)
said["problems"] = [str(p) for p in check(settings.articles)]
build(settings)
site = create_app(settings).test_client()
get = lambda address: site.get(address).json
said["filtered"] = [h["path"] for h in get("/api/v1/search?q=网线&site=上海")["hits"]]
said["asked"] = [h["path"] for h in get("/api/v1/search?q=网线 site:北京")["hits"]]
said["asked in Chinese"] = [h["path"] for h in get("/api/v1/search?q=网线 站点:北京")["hits"]]
said["facet"] = sorted((f["value"], f["count"]) for f in get("/api/v1/search?q=网线")["facets"]["site"])
said["told"] = get("/api/v1/articles/manual/a")["site"]
said["described"] = "site" in json.dumps(get("/api/v1/openapi.json")["components"]["schemas"]["Facts"])
said["form"] = 'name="site"' in site.get("/edit/manual/a").text
said["on the page"] = "站点" in site.get("/a/manual/a").text
said["label"] = [label("key", "site"), label("facet", "site")]
said["imported"] = [dict(p.columns)["机房"] for p in [plan(table, settings.articles, Options())]]
said["import"] = ["site: 广州" in i.text for i in plan(table, settings.articles, Options()).items]
options = ["--articles", str(settings.articles), "--index", str(settings.index)]
found = CliRunner().invoke(cli, ["search", "网线", "--site", "北京", "--json", *options])
said["command"] = [h["path"] for h in json.loads(found.stdout)["hits"]]
print(json.dumps(said, ensure_ascii=False))
"""


@pytest.mark.slow
def test_a_key_that_is_added_is_known_everywhere(tmp_path: Path) -> None:
    """One more row makes a fact that can be written, checked, filtered, asked, shown, edited, imported and told."""
    shutil.copytree(ROOT / "kb", tmp_path / "code/kb", ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "code/kb/model/schema.py"
    before = "KEYS: tuple[Key, ...] = (\n"
    text = table.read_text("utf8")
    assert before in text
    table.write_text(text.replace(before, before + ROW), "utf8")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path / "code"), "PYTHONUTF8": "1", "KB_LANGUAGE": "zh"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    result = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == {
        "article": ["上海", {}],
        "written": True,
        "problems": [],
        "filtered": ["manual/a.md"],
        "asked": ["manual/b.md"],
        "asked in Chinese": ["manual/b.md"],
        "facet": [["上海", 1], ["北京", 1]],
        "told": "上海",
        "described": True,
        "form": True,
        "on the page": True,
        "label": ["站点", "站点"],
        "imported": ["site"],
        "import": [True],
        "command": ["manual/b.md"],
    }


def test_every_field_of_an_article_is_a_key_or_its_place() -> None:
    """The class names the keys our code asks for; nothing in it is unknown to the table."""
    own = {"path", "body", "body_line", "extra", "page"}
    assert set(Article.__dataclass_fields__) == own | set(BY_NAME)


@pytest.mark.parametrize("key", KEYS, ids=lambda k: k.name)
def test_an_article_without_a_key_has_its_default(key: Key) -> None:
    """What the class gives a field that a file leaves out is what the table says."""
    if key.name != "id":
        assert getattr(Article(path="a.md", id="a"), key.name) == key.empty


def test_values_have_names_in_both_languages() -> None:
    """Each value of a key with a few is named, no two alike."""
    for key in KEYS:
        values: list[Choice] = list(key.choices or ())
        assert all(v.zh and v.en for v in values)
        assert len({v.zh for v in values}) == len({v.en for v in values}) == len(values)
