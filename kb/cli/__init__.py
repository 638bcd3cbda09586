"""This module is the command line: each command parses, calls one function, prints.

- A command: finding.py (search, show), suggesting.py, explaining.py (why), writing.py (new, check, duplicates,
  synonyms), building.py (build, serve, doctor), measuring.py (eval), golden.py, packing.py, importing.py,
  verdicts.py; what they share: common.py, printing.py; click's own words in Chinese: phrases.py
- All of them as a page, and the exit codes: reference.py
- Tokens of programs: access.py; backups: keeping.py
"""

from kb.cli import (
    access,
    building,
    explaining,
    finding,
    golden,
    importing,
    keeping,
    measuring,
    packing,
    suggesting,
    verdicts,
    writing,
)
from kb.cli.common import cli

__all__ = [
    "access",
    "building",
    "cli",
    "explaining",
    "finding",
    "golden",
    "importing",
    "keeping",
    "measuring",
    "packing",
    "suggesting",
    "verdicts",
    "writing",
]
