"""Taking a list of people away: refused, or whole with its manifest and its row in the log."""

from __future__ import annotations

import secrets
from pathlib import Path

from core.audiences import lists, pending
from core.audiences.fields import default_fields, known_fields
from core.audiences.masking import mask, masked_rule
from core.audiences.naming import clean_actor, clean_reason
from core.audiences.pending import Pending
from core.audiences.records import ExportRecord, ExportRequest, ExportResult
from core.errors import ExportRefused, Problem
from core.messages import Text, say
from core.rules.describe import describe
from core.rules.parse import dump_rule
from core.rules.tree import Group, Rule, is_muted
from core.workspace.whole_audiences import AudienceNumbers, WholeAudiences

MANIFEST_ENDING = ".manifest.json"


class Exporting(WholeAudiences):
    """Exports and their record."""

    def export(self, request: ExportRequest) -> ExportResult:
        """Write the members of a rule to a file, its manifest beside it, and a row into the log.

        All three happen or none: until the end the file lies hidden beside its place.

        Raises
        ------
        ExportRefused
            If a contact list has no reason or no conditions, a workbook would have more than
            `core.audiences.lists.MAX_XLSX_ROWS` rows, or the file cannot be written (the disk is full, the
            folder is absent or closed, the place belongs to the workspace itself).
        NotFound
            If a field is no tag.
        RuleError
            If the rule does not fit the catalogue.
        """
        actor, reason = clean_actor(request.actor), clean_reason(request.reason)
        audience = None if request.people_of is None else self.audience(request.people_of)
        followed = request.rule
        if audience is not None and audience.fixed_to is not None:
            followed = self.followed_rule(audience)
        version, engine, day, rule = self._asked(followed, request.as_of)
        catalogue = version.catalogue
        fields = (
            default_fields(request.rule, catalogue)
            if request.fields is None
            else known_fields(request.fields, catalogue)
        )
        if request.purpose == "contact":
            _refuse_careless_contact(followed, reason)
        out = self._target(request.out)
        whole, numbers = rule, None
        if audience is not None:
            whole = self.people_of(audience.id, followed)
            numbers = self.audience_numbers(audience.id, day, rule=followed)
        members = engine.members(whole, day)
        if request.format == "xlsx" and len(members) > lists.MAX_XLSX_ROWS:
            raise ExportRefused(
                Problem("export_too_many_rows", params={"rows": len(members), "limit": lists.MAX_XLSX_ROWS})
            )
        table = lists.list_table(
            engine.frame(members, fields, day), fields, catalogue,
            purpose=request.purpose, header=request.header,
        )  # fmt: skip
        folder = self.root / "exports"
        stem = f"{lists.file_stem(request.audience_name, day)}.{request.format}"
        hidden, sentence = masked_rule(rule, catalogue), describe(rule, catalogue, mask)
        if numbers is not None:
            sentence = _whole_sentence(sentence, numbers)
        with pending.writing_explained(out or folder), Pending() as files:
            if out is None:
                folder.mkdir(exist_ok=True)
                pending.sweep(folder)
                out, part = files.add_numbered(folder / stem)
            else:
                part = files.add(out)
            (lists.write_xlsx if request.format == "xlsx" else lists.write_csv)(table, part)
            record = ExportRecord(
                id=secrets.token_hex(8), at=self._now(), by=actor, audience_name=request.audience_name,
                purpose=request.purpose, reason=reason, format=request.format, fields=fields,
                revealed=tuple(
                    key
                    for key in fields
                    if request.purpose == "contact" and catalogue.tags[key].personal is not None
                ),
                rule=dump_rule(hidden), sentence={"zh": sentence["zh"], "en": sentence["en"]},
                data_version=version.id, as_of=day, rows=table.height, sha256=lists.sha256_of(part),
                file_name=out.name, path=str(out), people=None if numbers is None else numbers.as_json(),
            )  # fmt: skip
            shown = followed if request.purpose == "contact" else hidden
            content = lists.manifest(
                record, catalogue, rule=dump_rule(shown), is_rule_masked=shown != followed,
                size=part.stat().st_size,
            )  # fmt: skip
            manifest_path = out.with_name(out.name + MANIFEST_ENDING)
            lists.write_manifest(content, files.add(manifest_path))
            self._records.add_export(record, before_commit=files.publish)
        return ExportResult(out, manifest_path, out.name, record.rows, record.sha256)

    def exports(self, limit: int = 200) -> list[ExportRecord]:
        """Return the newest exports, newest first."""
        return self._records.exports(limit)

    def _target(self, out: Path | None) -> Path | None:
        """Return where to write, absolute; a place where a list must not lie is refused."""
        if out is None:
            return None
        target = out.expanduser().absolute()
        if target.is_dir():
            raise ExportRefused(Problem("export_is_folder", params={"file": str(target)}))
        if not target.parent.is_dir():
            raise ExportRefused(Problem("export_folder_missing", params={"folder": str(target.parent)}))
        if target.exists() and not target.is_file():
            raise ExportRefused(
                Problem("export_unwritable", params={"file": str(target), "why": "not a regular file"})
            )
        place = target.resolve()
        if place.is_relative_to(self.root) and not place.is_relative_to(self.root / "exports"):
            raise ExportRefused(Problem("export_inside_workspace", params={"file": str(target)}))
        return place


def _whole_sentence(sentence: Text, numbers: AudienceNumbers) -> Text:
    """Return a rule in words, and how the people of its audience differ from the rule's."""
    parts = [sentence]
    if numbers.is_fixed:
        parts.append(say("people_fixed", people=numbers.ruled))
    if numbers.listed_added or numbers.listed_removed:
        parts.append(say("people_by_hand", added=numbers.added, removed=numbers.removed))
    return Text(zh="；".join(part["zh"] for part in parts), en="; ".join(part["en"] for part in parts))


def asks_nothing(rule: Rule) -> bool:
    """Tell whether no condition of the rule counts: everybody would match."""
    trees = [tree for tree in (rule.include, rule.exclude) if tree is not None and not is_muted(tree)]
    return not any(_asks(tree) for tree in trees)


def _asks(group: Group) -> bool:
    return any(
        _asks(child) if isinstance(child, Group) else True for child in group.children if not is_muted(child)
    )


def _refuse_careless_contact(rule: Rule, reason: str) -> None:
    if not reason:
        raise ExportRefused(Problem("export_reason_missing"))
    if asks_nothing(rule):
        raise ExportRefused(Problem("export_of_everybody"))
