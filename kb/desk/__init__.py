"""What the support desk does with what somebody asks: one way to ask, one shape of the answer.

- How is a paste asked, by whoever asks? paste.py
- Which text does a dropped mail or log hold? intake.py; what a mail says that is new: kb/text/mails.py, of Outlook:
  kb/text/outlook.py
- How does the write-up of a new fault begin? writeup.py
- What do ticket systems and chats send, and how are they answered? hooks.py; who may call: kb/web/hooks.py
- What is sent back to the customer? reply.py; Markdown as plain text: kb/articles/plain.py
- JSON of an answer: answers.py, for the command line and the API alike; what models are made of: schemas.py
- Which facts may a text have that is being written? facts.py; what was decided on a gap? gap_decisions.py
- What does a lead see? insights.py (gaps, use, what is stale), examination.py (problems, duplicates, synonyms:
  found once after each index); its pages: kb/web/insights.py, as files: kb/web/spreadsheets.py; one
  article of two: kb/web/merging.py; tables as spreadsheets read them: spreadsheet.py
- One file that searches itself, for a stick: pack.py; its page, style and script: templates
- How sure must an article be, in this base? calibration.py
- What must be found, and is it? golden.py; what a change would do to that: what_if.py
- What finds articles is brought up to date, whichever engine that is: publishing.py; to another one: moving.py
- What helped before, kept at hand: memory.py; after a save, found at once and committed: after_save.py
"""
