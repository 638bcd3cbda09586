"""This migration adds the service desk: policies, numbers, cases, their events, and links of customers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "numbers",
        sa.Column("series", sa.String(16), primary_key=True),
        sa.Column("next", sa.Integer, nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(24), nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("opened", _MOMENT, nullable=False, index=True),
        sa.Column("customer", sa.String(300), nullable=False, index=True),
        sa.Column("site", sa.String(300), nullable=False),
        sa.Column("contact", sa.String(300), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("area", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("handling", sa.String(32), nullable=False),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("impact", sa.String(16), nullable=False),
        sa.Column("priority", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("waits_for", sa.String(16), nullable=False),
        sa.Column("until", _MOMENT),
        sa.Column("owner", sa.String(300), nullable=False),
        sa.Column("team", sa.String(300), nullable=False),
        sa.Column("emergency", sa.Boolean, nullable=False),
        sa.Column("parent", sa.String(24), nullable=False, index=True),
        sa.Column("merged_into", sa.String(24), nullable=False, index=True),
        sa.Column("follows", sa.String(24), nullable=False),
        sa.Column("policy", sa.String(64), sa.ForeignKey("policies.digest"), nullable=False),
        sa.Column("next_due", _MOMENT),
        sa.Column("next_clock", sa.String(64), nullable=False),
        sa.Column("closed", _MOMENT, index=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("article", sa.String(300), nullable=False, index=True),
        sa.Column("unwritten", sa.String(32), nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("opened_by", sa.String(300), nullable=False),
    )
    op.create_index("ix_cases_state_next_due", "cases", ["state", "next_due"])
    op.create_index("ix_cases_owner_state", "cases", ["owner", "state"])
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("noted", _MOMENT, nullable=False, index=True),
        sa.Column("by", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("work", sa.Integer, nullable=False),
        sa.Column("corrects", sa.Integer, nullable=False),
        sa.Column("key", sa.String(300), unique=True),
        sa.Column("message_id", sa.String(300), unique=True),
        sa.UniqueConstraint("case_id", "place"),
    )
    op.create_table(
        "links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("revoked", _MOMENT),
    )


def downgrade() -> None:
    for table in ("links", "events", "cases", "numbers", "policies"):
        op.drop_table(table)
