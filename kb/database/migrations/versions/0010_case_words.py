"""This migration adds the words of cases, their files, and the indexes that the desk's lists are read by."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "case_words",
        sa.Column("word", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_files",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    for name, columns, where in (
        ("ix_cases_open", ["next_due", "state", "owner", "team", "emergency"], "state <> 'closed'"),
        ("ix_cases_unanswered", ["opened", "state"], "article = '' AND unwritten = ''"),
    ):
        op.create_index(name, "cases", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
