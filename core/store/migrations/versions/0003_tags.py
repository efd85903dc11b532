"""Tags that operators make, and their versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "tags",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stands_at", sa.Date(), nullable=True),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=True),
        sa.Column("given_no", sa.Integer(), nullable=False),
        *_who_and_when("created"),
        *_who_and_when("changed"),
        sa.PrimaryKeyConstraint("key", name="pk_tags"),
    )
    op.create_table(
        "tag_versions",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stands_at", sa.Date(), nullable=True),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("by_verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", "version", name="pk_tag_versions"),
        sa.ForeignKeyConstraint(["key"], ["tags.key"], name="fk_tag_versions_key"),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("tag_versions", "tags"):
        op.drop_table(table)


def _who_and_when(what: str) -> list[sa.Column[object]]:
    return [
        sa.Column(f"{what}_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(f"{what}_by", sa.String(200), nullable=False),
        sa.Column(f"{what}_by_verified", sa.Boolean(), nullable=False),
    ]
