"""The log of exports tells how the people of an audience came about, as the manifest does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: of exports that are there nothing is known."""
    op.add_column("exports", sa.Column("people", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("exports", "people")
