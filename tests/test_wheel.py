"""The package as it is built and installed: all of it is there, and it works outside the checkout."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow

SCRIPT = """if True:
    import kb, sys
    from pathlib import Path
    from kb.settings import load
    from kb.web import create_app
    assert Path(kb.__file__).is_relative_to(sys.argv[1]), kb.__file__
    client = create_app(load()).test_client()
    for path in ("/", "/search?q=卡纸", "/suggest", "/api", "/insights", "/static/style.css", "/static/app.js"):
        assert client.get(path).status_code == 200, path
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without the network."""
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("needs the setuptools of pyproject.toml: pip install -r requirements/build.txt")
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("articles/", "tests/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    command = "pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir".split()
    subprocess.run([sys.executable, "-m", *command, str(folder), str(copy)], check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


def test_everything_is_in_it(wheel: Path) -> None:
    """Each module, template, script and style of kb is part of the wheel, and nothing beside the package."""
    names = set(zipfile.ZipFile(wheel).namelist())
    kept = {p for p in (ROOT / "kb").rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert len(kept) > 150
    assert {p.relative_to(ROOT).as_posix() for p in kept} <= names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"kb", "guzhi"}


def test_it_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Commands, pages and the database work from the wheel alone: it brings its templates and its migrations."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    here = tmp_path / "here"
    (here / "articles").mkdir(parents=True)
    (here / "articles" / "a.md").write_text("# 打印机卡纸\n\n清洁搓纸轮。\n", "utf8")
    variables = {**os.environ, "PYTHONPATH": str(site), "PYTHONUTF8": "1"}

    def run(*words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(
            command, cwd=here, env=variables, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "kb", "build")
    assert "打印机卡纸" in run("-m", "kb", "search", "搓纸轮")
    assert run("-m", "kb", "token", "create", "x").startswith("kb_")
    run("-m", "kb", "pack", "--audience", "internal", "--output", "pack.html")
    assert "打印机卡纸" in (here / "pack.html").read_text("utf8")
    run("-c", SCRIPT, str(site))
