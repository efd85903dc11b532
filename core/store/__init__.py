"""What operators made, in a database; beside imports and SQL engines only this package knows SQLAlchemy."""

from core.store.audiences import AudienceStore
from core.store.database import Database
from core.store.drafts import DraftStore
from core.store.people import PeopleStore
from core.store.records import RecordStore
from core.store.runs import RunStore
from core.store.tags import TagStore

__all__ = ["AudienceStore", "Database", "DraftStore", "PeopleStore", "RecordStore", "RunStore", "TagStore"]
