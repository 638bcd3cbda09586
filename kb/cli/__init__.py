"""This module is the command line: each command parses, calls one function, prints."""

from kb.cli import (
    access,
    building,
    explaining,
    finding,
    golden,
    importing,
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
    "measuring",
    "packing",
    "suggesting",
    "verdicts",
    "writing",
]
