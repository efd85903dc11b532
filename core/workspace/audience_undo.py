"""Deleting an audience so that it can be brought back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from core.audiences.records import Actor, Audience
from core.workspace.audience_compare import AudienceCompare
from core.workspace.audience_life import HandRow


@dataclass(frozen=True)
class DeletedAudience:
    """An audience as it was when it was deleted, with the people added and removed by hand."""

    audience: Audience
    by_hand: tuple[HandRow, ...]


class AudienceUndo(AudienceCompare):
    """Deletions that can be undone while somebody still has the answer in hand."""

    def remove_audience(self, audience_id: str, *, actor: Actor, revision: int) -> DeletedAudience:
        """Delete an audience as `delete_audience` does, and return what brings it back."""
        deleted = DeletedAudience(self.audience(audience_id), tuple(self.by_hand(audience_id)))
        self.delete_audience(audience_id, actor=actor, revision=revision)
        return deleted

    def bring_back(self, deleted: DeletedAudience, *, actor: Actor) -> Audience:
        """Save a deleted audience anew: rule, note, place, owner, alert, people by hand and their reasons.

        Its versions and snapshots are gone, so one that stood still at a snapshot follows its rule again.

        Raises
        ------
        Conflict
            If its name was taken since.
        RuleError
            If its rule no longer fits the data.
        NotFound
            If somebody who was added or removed by hand is no longer in the data: the audience is there then,
            without the people by hand.
        """
        was = deleted.audience
        saved = self.save_audience(name=was.name, note=was.note, rule=was.rule, actor=actor)
        saved = self.arrange_audience(
            saved.id, revision=saved.revision, actor=actor, folder=was.folder, alert=was.alert,
            **({"owner": was.owner} if was.owner else {}),
        )  # fmt: skip
        in_order = sorted(deleted.by_hand, key=_alike)
        for (is_added, reason), rows in groupby(in_order, key=_alike):
            self.put_by_hand(
                saved.id, [row.user_id for row in rows], is_added=is_added, reason=reason, actor=actor
            )
        return self.audience(saved.id)


def _alike(row: HandRow) -> tuple[bool, str]:
    return row.is_added, row.reason
