"""This module is the command line: each command parses, calls one function, prints.

- A command: finding.py (search, show), suggesting.py, explaining.py (why), writing.py (new, check, duplicates,
  synonyms), building.py (build, serve, doctor), measuring.py (eval), moving.py (move), golden.py, packing.py,
  importing.py, verdicts.py; what they share: common.py, printing.py; click's own words in Chinese: phrases.py
- All of them as a page, and the exit codes: reference.py
- Tokens of programs: access.py; people and what is kept of them: people.py, their teams: teams.py; backups: keeping.py
- The service desk: cases.py, promises.py (due, clock, policy, workdays), duty.py, mailing.py (mail), sampling.py
  (sample-service); customers, devices and parts: assets.py; rounds, versions, the month's report: rounds.py
- What is told, and each minute's work: notices.py (outbox, tick)
"""

from kb.cli.common import cli

__all__ = ["cli"]
