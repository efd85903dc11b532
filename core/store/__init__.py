"""What operators made, in a database: the only place (beside imports and SQL engines) that knows SQLAlchemy."""

from core.store.audiences import AudienceStore
from core.store.database import Database
from core.store.drafts import DraftStore
from core.store.records import RecordStore

__all__ = ["AudienceStore", "Database", "DraftStore", "RecordStore"]
