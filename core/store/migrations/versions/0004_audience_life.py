"""The life of audiences: folders, owners, versions, people by hand, favourites; why people came and went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ARRANGED = ("folder", "owner", "fixed_to", "alert")
_OF_SNAPSHOTS = ("previous", "entered", "left", "changes", "state", "is_alert")


def upgrade() -> None:
    """Go forward: whoever made an audience owns it, and its present state is its first known version."""
    op.add_column("audiences", sa.Column("folder", sa.String(400), nullable=False, server_default=""))
    op.add_column("audiences", sa.Column("owner", sa.String(200), nullable=False, server_default=""))
    op.add_column("audiences", sa.Column("fixed_to", sa.String(32), nullable=True))
    op.add_column("audiences", sa.Column("alert", sa.Float(), nullable=True))
    op.execute(sa.text("UPDATE audiences SET owner = created_by"))
    op.add_column("snapshots", sa.Column("previous", sa.String(32), nullable=True))
    for name in ("entered", "left", "changes", "state"):
        op.add_column("snapshots", sa.Column(name, sa.JSON(), nullable=True))
    op.add_column("snapshots", sa.Column("is_alert", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "audience_versions",
        sa.Column("audience_id", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("folder", sa.String(400), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("fixed_to", sa.String(32), nullable=True),
        sa.Column("alert", sa.Float(), nullable=True),
        sa.Column("action", sa.String(40), nullable=False),
        *_when_and_by(),
        sa.PrimaryKeyConstraint("audience_id", "revision", name="pk_audience_versions"),
        _of_an_audience("audience_versions"),
    )
    op.execute(
        sa.text(
            "INSERT INTO audience_versions (audience_id, revision, name, note, rule, folder, owner, fixed_to,"
            " alert, action, at, by, by_verified) SELECT id, revision, name, note, rule, folder, owner,"
            " fixed_to, alert, 'save_audience', changed_at, changed_by, changed_by_verified FROM audiences"
        )
    )
    op.create_table(
        "audience_by_hand",
        sa.Column("audience_id", sa.String(32), nullable=False),
        sa.Column("user_no", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("is_added", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_when_and_by(),
        sa.PrimaryKeyConstraint("audience_id", "user_no", name="pk_audience_by_hand"),
        _of_an_audience("audience_by_hand"),
    )
    op.create_table(
        "favourites",
        sa.Column("audience_id", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("audience_id", "actor", name="pk_favourites"),
        _of_an_audience("favourites"),
    )


def downgrade() -> None:
    """Go back."""
    for name in ("favourites", "audience_by_hand", "audience_versions"):
        op.drop_table(name)
    for name, columns in (("snapshots", _OF_SNAPSHOTS), ("audiences", _ARRANGED)):
        for column in columns:
            op.drop_column(name, column)


def _when_and_by() -> list[sa.Column[object]]:
    return [
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("by_verified", sa.Boolean(), nullable=False),
    ]


def _of_an_audience(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["audience_id"], ["audiences.id"], name=f"fk_{table}_audience_id", ondelete="CASCADE"
    )
