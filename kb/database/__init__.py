"""What people do, kept in a database: searches, visits, verdicts, drafts, revisions, tokens of programs.

- What do people do, and where is it kept? activity.py (searches, visits, verdicts); tables: tables.py, their
  history: migrations/, env.py, 0001_start.py, 0002_token_owners.py, 0003_imports.py, 0004_sittings_and_gaps.py,
  0005_cases.py, 0006_people.py, 0007_notices.py; the connection: connection.py
- Which of several machines that share a database does what one has to do? election.py
- How is a database copied while it is used, and a copy loaded? copying.py
- How is a secret made, and what is kept of it? secret.py
- Which programs may call, and who may write? api_tokens.py (tokens), kb/web/authorization.py, kb token in
  kb/cli/access.py
"""
