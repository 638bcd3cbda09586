"""This migration adds plans of rounds and what was found, guarded times, wanted versions, and windows for updates."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("devices", sa.Column("versions_at", sa.Date))
    op.create_table(
        "plans",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("checklist", sa.String(300), nullable=False),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id")),
        sa.Column("site", sa.Integer, sa.ForeignKey("sites.id")),
        sa.Column("device", sa.Integer, sa.ForeignKey("devices.id")),
        sa.Column("part", sa.String(300), nullable=False),
        sa.Column("every", sa.Integer, nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("starts", sa.Date, nullable=False),
        sa.Column("ends", sa.Date),
        sa.Column("ahead", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(300), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("plan", sa.Integer, sa.ForeignKey("plans.id"), nullable=False),
        sa.Column("period", sa.String(24), nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.Column("done", _MOMENT),
        sa.Column("by", sa.String(300), nullable=False),
        sa.Column("skipped", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("plan", "period"),
    )
    op.create_table(
        "round_checks",
        sa.Column("round", sa.Integer, sa.ForeignKey("rounds.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("value", sa.String(300), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("case", sa.String(24), nullable=False),
    )
    op.create_table(
        "guarded",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("site", sa.Integer, sa.ForeignKey("sites.id")),
        sa.Column("start", _MOMENT, nullable=False),
        sa.Column("end", _MOMENT, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("by", sa.String(300), nullable=False),
    )
    op.create_table(
        "wanted_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("product", sa.String(300), nullable=False),
        sa.Column("software", sa.String(300), nullable=False),
        sa.Column("version", sa.String(300), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.UniqueConstraint("product", "software"),
    )
    op.create_table(
        "update_windows",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("article", sa.String(300), nullable=False),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("start", _MOMENT, nullable=False),
        sa.Column("end", _MOMENT, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("by", sa.String(300), nullable=False),
        sa.UniqueConstraint("article", "customer"),
    )
    op.create_index("ix_plans_customer", "plans", ["customer"])
    op.create_index("ix_plans_device", "plans", ["device"])
    op.create_index("ix_rounds_due", "rounds", ["due"])
    op.create_index("ix_guarded_customer", "guarded", ["customer"])
    op.create_index("ix_guarded_end", "guarded", ["end"])
