"""Deleted audiences: kept for a while with all that belongs to them, restored whole, or let go for good."""

from __future__ import annotations

from datetime import timedelta

from core.audiences.naming import clean_actor
from core.audiences.records import Actor, Audience, DeletedAudience
from core.errors import NotFound
from core.workspace.audience_compare import AudienceCompare

DAYS_KEPT = 30


class AudienceBin(AudienceCompare):
    """Deletions that can be undone: versions, snapshots, people by hand and favourites come back too."""

    def deleted_audiences(self) -> list[DeletedAudience]:
        """Return the audiences that can be restored, the last deleted first."""
        return self._audiences.deleted()

    def restore_audience(self, audience_id: str, *, actor: Actor, name: str | None = None) -> Audience:
        """Bring a deleted audience back as it was, under its id.

        Its rule is not checked: one that fits the data no more comes back as well, and `audience_problems`
        says what is wrong.

        Parameters
        ----------
        name : str or None
            Another name, where somebody took the old one; None = the old one.

        Raises
        ------
        NotFound
            If no audience of that id was deleted, or it was let go.
        Conflict
            If its name was taken since.
        """
        return self._audiences.restore(audience_id, clean_actor(actor), self._now(), name=name)

    def purge_audience(self, audience_id: str, *, actor: Actor) -> None:
        """Let go of a deleted audience for good, with its snapshots; the log keeps its name.

        Raises
        ------
        NotFound
            If no audience of that id was deleted.
        """
        self._audiences.purge(audience_id, clean_actor(actor), self._now())
        self._lake.snapshots.sweep(self._people.snapshot_files())

    def empty_bin(self, *, actor: Actor) -> list[str]:
        """Let go of what was deleted more than `DAYS_KEPT` days ago; return the names."""
        limit = self._now() - timedelta(days=DAYS_KEPT)
        names = []
        for deleted in self.deleted_audiences():
            if deleted.at >= limit:
                continue
            audience = deleted.audience
            try:
                self._audiences.purge(audience.id, clean_actor(actor), self._now(), deleted_before=limit)
            except NotFound:
                continue  # somebody restored it, or let it go, since it was listed
            names.append(audience.name)
        if names:
            self._lake.snapshots.sweep(self._people.snapshot_files())
        return names
