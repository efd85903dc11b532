"""Uploaded lists, and snapshots of audiences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "lists",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("folded_name", sa.String(1000), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("rows", "empty", "duplicates", "matched", "unmatched", "unreadable", "people")
        ),
        sa.Column("data_version", sa.String(100), nullable=False),
        *_file_and_maker(),
        sa.PrimaryKeyConstraint("id", name="pk_lists"),
        sa.UniqueConstraint("folded_name", name="uq_lists_folded_name"),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("audience_id", sa.String(32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("data_version", sa.String(100), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        *_file_and_maker(),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.ForeignKeyConstraint(
            ["audience_id"], ["audiences.id"], name="fk_snapshots_audience_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_snapshots_audience_id", "snapshots", ["audience_id"])


def downgrade() -> None:
    """Go back."""
    for table in ("snapshots", "lists"):
        op.drop_table(table)


def _file_and_maker() -> list[sa.Column[object]]:
    return [
        sa.Column("file_name", sa.String(100), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("by_verified", sa.Boolean(), nullable=False),
    ]
