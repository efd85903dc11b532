"""Deleted audiences stay for a while, so that they can be restored whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ADDED = ("deleted_at", "deleted_by", "deleted_by_verified")


def upgrade() -> None:
    """Go forward: nothing that is there is deleted."""
    op.add_column("audiences", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("audiences", sa.Column("deleted_by", sa.String(200), nullable=True))
    op.add_column("audiences", sa.Column("deleted_by_verified", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Go back: what was deleted goes for good, as an older program would list it."""
    op.execute(sa.text("DELETE FROM audiences WHERE deleted_at IS NOT NULL"))
    for name in _ADDED:
        op.drop_column("audiences", name)
