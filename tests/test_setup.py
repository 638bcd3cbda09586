"""What ./scripts/start and ./scripts/test install, by a pip that only writes down what it was asked for."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PYTHON = """\
#!/bin/sh
case "$*" in
  "-m pip install"*"$missing"*) echo "$*" >> "{folder}/asked"; exit 1;;
  "-m pip install"*) echo "$*" >> "{folder}/asked";;
  *) exec "{python}" "$@";;
esac
"""

Prepare = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    """prepare("test", missing="semantic"): run it in a folder of its own, where what is missing can't be installed."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "scripts" / "run").write_text('set -eu\n. "$(dirname "$0")/setup.sh"\nprepare "$@"\n')
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON.format(folder=tmp_path, python=sys.executable))
    python.chmod(0o755)

    def prepare(*extra: str, missing: str = "") -> "subprocess.CompletedProcess[str]":
        (tmp_path / "asked").unlink(missing_ok=True)
        variables = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "missing": missing or "nothing"}
        command = ["sh", str(tmp_path / "scripts" / "run"), *extra]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    return prepare


def asked(tmp_path: Path) -> list[str]:
    """What was to be installed, in order."""
    file = tmp_path / "asked"
    return [line.split()[-1] for line in file.read_text().splitlines()] if file.exists() else []


def wanted(*extra: str) -> list[str]:
    """By the lock files, the checkout itself among them."""
    locked = ("build", *(extra or ("base",)))
    return [*(f"requirements/{name}.txt" for name in locked), ".", "requirements/semantic.txt"]


@pytest.mark.parametrize("extra", [(), ("test",)])
def test_search_by_meaning_is_installed(prepare: Prepare, tmp_path: Path, extra: tuple[str, ...]) -> None:
    """The extra semantic comes along, once; the next start asks pip for nothing."""
    assert prepare(*extra).returncode == 0
    assert asked(tmp_path) == wanted(*extra)
    assert prepare(*extra).returncode == 0
    assert asked(tmp_path) == []


@pytest.mark.parametrize("extra", [(), ("test",)])
def test_it_is_no_condition(prepare: Prepare, tmp_path: Path, extra: tuple[str, ...]) -> None:
    """When it can't be had, all else is installed, and one sentence says so."""
    result = prepare(*extra, missing="semantic")
    assert result.returncode == 0
    assert asked(tmp_path) == wanted(*extra)
    assert result.stderr.count("guzhi[semantic]") == 2  # in two languages
    assert prepare(*extra).returncode == 0
    assert asked(tmp_path) == []


def test_without_a_network(prepare: Prepare, tmp_path: Path) -> None:
    """When nothing can be installed, it says so and fails, and tries again the next time."""
    result = prepare(missing="editable")
    assert result.returncode == 1
    assert "PyPI" in result.stderr
    assert "guzhi[semantic]" not in result.stderr
    assert prepare().returncode == 0
    assert asked(tmp_path) == wanted()
