"""What people do, kept in a database: searches, visits, verdicts, drafts, revisions, tokens of programs."""
