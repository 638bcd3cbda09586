"""A base is looked after: what is done each minute; backed up while it is used, restored, and a backup proved.

- What goes into a backup, and how is it written? base.py (what), archive.py (a tar with digests), sealing.py
  (encrypted as age does), backup.py (one file, whole or not at all), rotation.py (which ones stay)
- How does it come back? restore.py (aside first, then moved); is it good? drill.py
- When was it done, and who is at it? record.py
- What is told, warned of, closed and sent each minute? tick.py
"""
