"""This migration adds customers, devices and parts, where parts are, and what imports of them changed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(300), nullable=False, unique=True),
        sa.Column("aliases", sa.JSON, nullable=False),
        sa.Column("promises", sa.String(300), nullable=False),
        sa.Column("calendar", sa.String(300), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("city", sa.String(300), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("customer", "name"),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("phone", sa.String(300), nullable=False),
        sa.Column("mail", sa.String(300), nullable=False),
        sa.Column("wechat", sa.String(300), nullable=False),
        sa.Column("qq", sa.String(300), nullable=False),
        sa.UniqueConstraint("customer", "name"),
    )
    op.create_table(
        "contracts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("number", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("starts", sa.Date),
        sa.Column("ends", sa.Date),
        sa.Column("promises", sa.String(300), nullable=False),
        sa.Column("calendar", sa.String(300), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("customer", "number"),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("product", sa.String(300), nullable=False),
        sa.Column("serial", sa.String(300), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id")),
        sa.Column("site", sa.Integer, sa.ForeignKey("sites.id")),
        sa.Column("contract", sa.Integer, sa.ForeignKey("contracts.id")),
        sa.Column("accepted", sa.Date),
        sa.Column("warranty_until", sa.Date),
        sa.Column("maintained_until", sa.Date),
        sa.Column("versions", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("replaced_by", sa.Integer, sa.ForeignKey("devices.id")),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("product", "key"),
    )
    op.create_table(
        "case_devices",
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("device", sa.Integer, sa.ForeignKey("devices.id"), primary_key=True),
    )
    op.create_table(
        "parts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(300), nullable=False, unique=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("products", sa.JSON, nullable=False),
        sa.Column("equals", sa.JSON, nullable=False),
        sa.Column("wear", sa.Boolean, nullable=False),
        sa.Column("keep", sa.Boolean, nullable=False),
        sa.Column("serialised", sa.Boolean, nullable=False),
        sa.Column("minimum", sa.Integer, nullable=False),
    )
    op.create_table(
        "places",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(300), nullable=False, unique=True),
        sa.Column("city", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("keeper", sa.String(300), nullable=False),
        sa.Column("phone", sa.String(300), nullable=False),
    )
    op.create_table(
        "moves",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("part", sa.Integer, sa.ForeignKey("parts.id"), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("source", sa.Integer, sa.ForeignKey("places.id"), nullable=False),
        sa.Column("target", sa.Integer, sa.ForeignKey("places.id"), nullable=False),
        sa.Column("condition", sa.String(16), nullable=False),
        sa.Column("serial", sa.String(300), nullable=False),
        sa.Column("case", sa.String(24), nullable=False),
        sa.Column("permit", sa.String(300), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(300), nullable=False),
        sa.Column("key", sa.String(300), unique=True),
        sa.Index("ix_moves_part", "part", "condition", "source", "target", "quantity"),
    )
    op.create_table(
        "asset_imports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("written", _MOMENT),
        sa.Column("undone", _MOMENT),
    )
    op.create_index("ix_contacts_phone", "contacts", ["phone"])
    op.create_index("ix_contacts_mail", "contacts", ["mail"])
    op.create_index("ix_devices_key", "devices", ["key"])
    op.create_index("ix_devices_customer", "devices", ["customer"])
    op.create_index("ix_devices_warranty_until", "devices", ["warranty_until"])
    op.create_index("ix_devices_maintained_until", "devices", ["maintained_until"])
    op.create_index("ix_devices_replaced_by", "devices", ["replaced_by"])
    op.create_index("ix_case_devices_device", "case_devices", ["device"])
    op.create_index("ix_moves_case", "moves", ["case"])
