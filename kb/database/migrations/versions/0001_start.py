"""This migration makes the first tables: searches, visits, verdicts, revisions, drafts, renames, tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "searches",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("best", sa.Double(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("visitor", sa.String(32), nullable=False),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("article", sa.String(300), nullable=False, index=True),
        sa.Column("search", sa.Integer(), sa.ForeignKey("searches.id", ondelete="SET NULL")),
        sa.Column("visitor", sa.String(32), nullable=False),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("article", sa.String(300), nullable=False, index=True),
        sa.Column("search", sa.Integer(), sa.ForeignKey("searches.id", ondelete="SET NULL")),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("visitor", sa.String(32), nullable=False),
        sa.UniqueConstraint("visitor", "digest", "article"),
    )
    op.create_table(
        "revisions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("path", sa.String(300), nullable=False, index=True),
        sa.Column("editor", sa.String(300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("path", sa.String(300), nullable=False),
        sa.Column("visitor", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("base", sa.String(64), nullable=False),
        sa.UniqueConstraint("path", "visitor"),
    )
    op.create_table(
        "renames",
        sa.Column("old", sa.String(300), primary_key=True),
        sa.Column("new", sa.String(300), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(300), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("used", MOMENT),
    )


def downgrade() -> None:
    for table in ("tokens", "renames", "drafts", "revisions", "verdicts", "visits", "searches"):
        op.drop_table(table)
