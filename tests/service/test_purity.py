"""What is computed of a log touches nothing else: no database, no settings of a machine, no clock of its own."""

import ast
from pathlib import Path

import pytest

import kb.service

ROOM = Path(kb.service.__file__).parent
KEEPING = {
    "cases.py", "costs.py", "duty.py", "fieldpack.py", "fieldwork.py", "figures.py", "files.py", "finding.py",
    "handling.py", "incoming.py", "letters.py", "links.py", "numbers.py", "publishing.py", "reports.py", "sampling.py",
    "sampling_estate.py", "sayings.py", "watching.py",
}  # fmt: skip
"""Modules that a database, or files, are the subject of."""
PURE = sorted(p.name for p in ROOM.glob("*.py") if p.name not in KEEPING)


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_know_no_database(name: str) -> None:
    """Everything but the keeping itself is a function of a log, a policy and a moment."""
    for node in ast.walk(ast.parse((ROOM / name).read_text("utf8"))):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            assert not module.startswith(("kb.database", "sqlalchemy", "kb.service.cases", "kb.service.numbers")), (
                module
            )
