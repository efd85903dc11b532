"""What the workspace answers with: a count with its sentence, and a rule with its problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from core.engines.base import Answer
from core.errors import Problem
from core.ingest import import_json_schema
from core.messages import Text, problem_as_json, say
from core.rules.json_schema import rule_json_schema
from core.rules.tree import Rule
from core.schema import Catalogue
from core.tags.entries import TagEntry
from core.tags.listing import TagListing


@dataclass(frozen=True)
class Checked:
    """A rule that was read, and everything that is wrong with it.

    Attributes
    ----------
    rule : Rule or None
        None when it could not even be read.
    problems : tuple of Problem
        Errors and warnings, with the ids of the nodes they concern.
    """

    rule: Rule | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the rule from being counted."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


@dataclass(frozen=True)
class CountAnswer:
    """The answer to one rule.

    Attributes
    ----------
    answer : Answer
        All numbers.
    not_historical : tuple of str
        Imported tags in the rule: their values are those of the data version although an earlier day was
        asked for (非历史值). Empty for the data's own day and later.
    warnings : tuple of Problem
        What `check` warns of.
    """

    answer: Answer
    data_version: str
    sentence: Text
    not_historical: tuple[str, ...] = ()
    warnings: Sequence[Problem] = ()

    def as_json(self) -> dict[str, object]:
        """Return the answer in the form of the command line's contract (DESIGN section 6), JSON-ready."""
        return {
            "count": self.answer.count,
            "matched": self.answer.matched,
            "base": self.answer.base,
            "as_of": self.answer.as_of.isoformat(),
            "data_version": self.data_version,
            "sentence": dict(self.sentence),
            "nodes": {node: asdict(numbers) for node, numbers in self.answer.nodes.items()},
            "waterfall": [asdict(bar) for bar in self.answer.waterfall],
            "warnings": [problem_as_json(problem) for problem in self.warnings]
            + [self._historical_warning()] * bool(self.not_historical),
            "not_historical": list(self.not_historical),
        }

    def _historical_warning(self) -> dict[str, object]:
        return {
            "code": "not_historical",
            "node": None,
            "message": say("not_historical", tags=self.not_historical),
            "allowed": [],
            "nearest": None,
        }


@dataclass(frozen=True)
class Listing:
    """What rules can be made of: the tags and events of a data version.

    Attributes
    ----------
    base : int
        Users who exist at `as_of`.
    tags : tuple of TagListing
        Those that rules can name.
    entries : mapping of str to TagEntry
        Every tag by key, drafts and retired ones too.
    """

    data_version: str
    as_of: date
    base: int
    catalogue: Catalogue
    tags: tuple[TagListing, ...]
    entries: Mapping[str, TagEntry]

    def as_json(self) -> dict[str, object]:
        """Return the listing, JSON-ready."""
        catalogue = self.catalogue
        return {
            "data_version": self.data_version,
            "as_of": self.as_of.isoformat(),
            "time_zone": catalogue.time_zone,
            "base": self.base,
            "dimensions": {key: label.as_text() for key, label in catalogue.dimensions.items()},
            "tags": [{**self.entries[tag.spec.key].as_json(), **tag.as_json()} for tag in self.tags],
            "not_in_use": [
                entry.as_json() for key, entry in self.entries.items() if key not in self.catalogue.tags
            ],
            "events": [event.model_dump(mode="json") for event in catalogue.events.values()],
        }


def json_schemas() -> dict[str, object]:
    """Return the JSON Schemas of rules and of import plans."""
    return {"rule": rule_json_schema(), "plan": import_json_schema()}
