"""What holds the project itself together: locked packages, marked tests."""

import re
import tomllib
from pathlib import Path

import conftest
import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
EXTRAS = sorted(PROJECT["optional-dependencies"].keys() - {"bench"})


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked(requirements: list[str]) -> set[str]:
    return {normal(m[0]) for r in requirements if (m := re.match(r"[\w.-]+", r))}


def locked(name: str) -> dict[str, str]:
    """Package -> its entry in a lock file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", "\n" + re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE))
    return {normal(e.partition("==")[0]): e for e in entries if "==" in e}


@pytest.mark.parametrize("name", ["base", *EXTRAS])
def test_the_lock_files_name_what_the_project_asks_for(name: str) -> None:
    """Every dependency, and those of the extra, stand in the file; ./scripts/lock writes what is missing."""
    wanted = asked(PROJECT["dependencies"]) | asked(PROJECT["optional-dependencies"].get(name, []))
    assert len(wanted) > 20
    assert not wanted - locked(name).keys(), "run ./scripts/lock"


@pytest.mark.parametrize("name", ["build", "base", *EXTRAS])
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    """pip takes no file that is not known."""
    entries = locked(name)
    assert entries
    assert [n for n, e in entries.items() if "--hash=sha256:" not in e] == []


def test_lock_files_agree() -> None:
    """A package has one version, whichever files are installed together."""
    base = locked("base")
    for extra in EXTRAS:
        others = locked(extra)
        assert {n: e for n, e in others.items() if n in base} == base


@pytest.mark.parametrize("ci", [True, False])
def test_a_missing_browser_is_a_failure_in_ci(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, ci: bool
) -> None:
    """Elsewhere tests in a browser are skipped without one; other tests don't ask for it."""
    monkeypatch.setattr(conftest, "CHROMIUM", None)
    monkeypatch.setenv("CI", "true") if ci else monkeypatch.delenv("CI", raising=False)
    conftest.pytest_runtest_setup(request.node)
    request.node.add_marker(pytest.mark.browser)
    with pytest.raises(pytest.fail.Exception if ci else pytest.skip.Exception, match="chromium"):
        conftest.pytest_runtest_setup(request.node)
