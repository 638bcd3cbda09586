"""What is done for devices before they fail: rounds with checklists, versions, updates, times in which nothing changes.

- Which rounds are due, overdue, done or skipped; what became of a bad item? plans.py, over rhythm.py (days of a plan)
- Which items has a checklist? checklist.py
- When may nothing be changed at a customer's, and are enough people on duty then? guarded.py
- Which device runs which version, which is wanted, who is behind? census.py, over versions.py (which is the newer one)
- Whom does a published update concern, and when may it be put in? releases.py
- What of it is told, once, to whom? telling.py
"""
