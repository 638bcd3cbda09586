"""How articles are written by people: opened, changed, saved with a history, moved. No Flask here.

- How do people write articles? form.py (a file as a form and back, nothing else touched), boxes.py (a new one section
  by section), save.py (nobody's work is lost, the history), drafts.py, sittings.py (who has it open, what comes too
  late), workflow.py (who may do what), diff.py, rename.py (another name, links follow), images.py, git.py; found at
  once and committed: kb/desk/after_save.py
"""
