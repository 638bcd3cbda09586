"""This migration adds what is told and heard: the outbox, wishes, looks at clocks, shifts, mails, keys."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(300), nullable=False, unique=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("to", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
        sa.Column("joined", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("sent", _MOMENT),
        sa.Column("error", sa.Text, nullable=False),
        sa.Index("ix_outbox_waiting", "sent", "not_before"),
    )
    op.create_table(
        "wishes",
        sa.Column("person", sa.Integer, sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("mail", sa.String(300), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("chosen", sa.JSON, nullable=False),
    )
    op.create_table(
        "looks",
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_table(
        "shifts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("team", sa.String(300), nullable=False),
        sa.Column("start", _MOMENT, nullable=False),
        sa.Column("end", _MOMENT, nullable=False, index=True),
        sa.Column("person", sa.String(300), nullable=False),
        sa.Column("phone", sa.String(300), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.UniqueConstraint("team", "start", "person"),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("message_id", sa.String(300), nullable=False, unique=True),
        sa.Column("at", _MOMENT, nullable=False, index=True),
        sa.Column("sender", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("thread", sa.String(64), nullable=False, index=True),
        sa.Column("fate", sa.String(16), nullable=False, index=True),
        sa.Column("case", sa.String(24), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Index("ix_mails_sender_at", "sender", "at"),
    )
    op.create_table(
        "keys",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    for table in ("keys", "mails", "shifts", "looks", "wishes", "outbox"):
        op.drop_table(table)
