"""A base is backed up while it is used, restored, and a backup is proved.

- What goes into a backup, and how is it written? base.py (what), archive.py (a tar with digests), sealing.py
  (encrypted as age does), backup.py (one file, whole or not at all), rotation.py (which ones stay)
- How does it come back? restore.py (aside first, then moved); is it good? drill.py
- When was it done, and who is at it? record.py
"""
