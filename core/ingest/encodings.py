"""Bytes of a text file as UTF-8: compression, encoding and delimiter found out or as the plan says."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from core.errors import ImportRefused, PlanError, Problem

BLOCK_BYTES = 32 << 20
_SNIFF_BYTES = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class TextForm:
    """How a text file is written.

    Attributes
    ----------
    encoding : str
        Python's name.
    delimiter : str
    header : tuple of str
    header_bytes, header_lines : int
        How much of the UTF-8 text the header takes.
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_bytes: int
    header_lines: int


def text_form(path: Path, shown: str, encoding: str | None, delimiter: str | None) -> TextForm:
    """Find out how a text file is written.

    Parameters
    ----------
    path : pathlib.Path
    shown : str
        The file's name for messages.
    encoding, delimiter : str, optional
        As the plan says.

    Raises
    ------
    PlanError
        If the plan names an encoding that does not exist.
    ImportRefused
        If the file is empty, its encoding cannot be told, or its header is broken.
    """
    if encoding is not None:
        try:
            "".encode(encoding)
        except (LookupError, ValueError):
            # Also what Python calls a codec and is no encoding of text, such as hex and rot13.
            raise PlanError(Problem("unknown_encoding", params={"encoding": encoding})) from None
    found = encoding or _encoding_of(path, shown)
    head = b""
    for block in utf8_blocks(path, shown, found, _SNIFF_BYTES):
        head += block
        if b"\n" in head:
            break
    if not head.strip():
        raise ImportRefused(Problem("empty_file", params={"file": shown}))
    text = head.decode("utf-8", errors="ignore")
    mark = delimiter or _delimiter_of(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    header = next((row for row in reader if row), [])
    taken = "".join(io.StringIO(text, newline="").readlines()[: reader.line_num]).encode()
    return TextForm(found, mark, checked_header(header, shown), len(taken), reader.line_num)


def utf8_blocks(
    path: Path, shown: str, encoding: str, size: int = BLOCK_BYTES, skip: int = 0
) -> Iterator[bytes]:
    """Yield a text file as UTF-8 without byte-order mark, in blocks.

    Parameters
    ----------
    skip : int
        Bytes of UTF-8 left out at the beginning (the header).

    Raises
    ------
    ImportRefused
        If bytes do not belong to the encoding; names the line.
    """
    decoder = None if _is_utf8(encoding) else codecs.getincrementaldecoder(encoding)()
    line = 1
    pending = b""
    first = True
    for raw in _raw_blocks(path, shown, size):
        block = raw
        if decoder is not None:
            try:
                block = decoder.decode(raw).encode("utf-8")
            except UnicodeDecodeError as error:
                raise _undecodable(shown, encoding, line + raw[: error.start].count(b"\n")) from None
            except UnicodeError:  # UTF-16 and 32 that do not begin with their mark
                raise _undecodable(shown, encoding, line) from None
        else:
            if first and block.startswith(codecs.BOM_UTF8):
                block = block[3:]
            pending = _check_utf8(pending + block if pending else block, shown, encoding, line)
        first = False
        line += block.count(b"\n")
        if skip:
            skip, block = max(skip - len(block), 0), block[skip:]
        if block:
            yield block
    if decoder is not None:
        try:
            rest = decoder.decode(b"", final=True).encode("utf-8")
        except UnicodeDecodeError:
            raise _undecodable(shown, encoding, line) from None
        if rest[skip:]:
            yield rest[skip:]
    elif pending:
        raise _undecodable(shown, encoding, line)


def _check_utf8(block: bytes, shown: str, encoding: str, line: int) -> bytes:
    """Refuse bytes that are no UTF-8; returns a character that the block's end cuts in two."""
    if _is_ascii(block):
        return b""
    try:
        _, used = codecs.utf_8_decode(block, "strict", False)
    except UnicodeDecodeError as error:
        raise _undecodable(shown, encoding, line + block[: error.start].count(b"\n")) from None
    return block[used:]


def _raw_blocks(path: Path, shown: str, size: int) -> Iterator[bytes]:
    try:
        with _opened(path) as file:
            while block := file.read(size):
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ImportRefused(Problem("damaged_gzip", params={"file": shown})) from None


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else path.open("rb")  # type: ignore[return-value]


def _encoding_of(path: Path, shown: str) -> str:
    """Return the encoding that the whole file fits: UTF-8 (or UTF-16 by its mark), else GB 18030."""
    line = 1
    chinese = False
    rest = b""
    for n, raw in enumerate(_raw_blocks(path, shown, _SNIFF_BYTES * 8)):
        if n == 0:
            for bom, encoding in _BOMS:
                if raw.startswith(bom):
                    return encoding
            if b"\x00" in raw[:4096]:
                raise ImportRefused(Problem("not_a_text_file", params={"file": shown}))
        block = rest + raw
        cut = block.rfind(b"\n") + 1
        block, rest = block[:cut], block[cut:]
        if not _is_ascii(block):
            if not chinese:
                try:
                    block.decode("utf-8")
                except UnicodeDecodeError:
                    chinese = True
                else:
                    # What follows is checked where it is read, and its line named.
                    return "utf-8"
            _check_one_encoding(block, line, shown)
        line += block.count(b"\n")
    if not chinese and not _is_ascii(rest):
        try:
            rest.decode("utf-8")
        except UnicodeDecodeError:
            chinese = True
    if chinese:
        _check_one_encoding(rest, line, shown)
    return "gb18030" if chinese else "utf-8"


def _check_one_encoding(block: bytes, line: int, shown: str) -> None:
    """Refuse a GB 18030 text with lines of UTF-8 in it: they would decode too, into nonsense."""
    first_utf8 = first_other = None
    for n, text in enumerate(block.split(b"\n")):
        if text.isascii():
            continue
        try:
            is_utf8 = any(character > "\u07ff" for character in text.decode("utf-8"))
        except UnicodeDecodeError:
            first_other = line + n if first_other is None else first_other
        else:
            first_utf8 = line + n if is_utf8 and first_utf8 is None else first_utf8
    if first_utf8 is not None and first_other is not None:
        raise ImportRefused(
            Problem(
                "mixed_encodings",
                params={"file": shown, "line": max(first_utf8, first_other)},
            )
        )


def _delimiter_of(path: Path, text: str) -> str:
    if ".tsv" in path.suffixes or ".tab" in path.suffixes:
        return "\t"
    first = next((line for line in text.splitlines() if line.strip()), "")
    counts = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in DELIMITERS}
    return max(DELIMITERS, key=lambda mark: counts[mark])


def checked_header(header: Sequence[str], shown: str) -> tuple[str, ...]:
    """Return the names of the columns, each of which has one; a name that stands twice is refused."""
    # Spreadsheets end rows with empty columns; they have no name, and need one only to be told apart.
    header = [name or f"column_{place}" for place, name in enumerate(header, start=1)]
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise ImportRefused(Problem("column_twice", params={"file": shown, "column": twice}))
    return tuple(header)


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def _is_ascii(block: bytes) -> bool:
    return not block or int(np.frombuffer(block, dtype=np.uint8).max()) < 128


def _undecodable(shown: str, encoding: str, line: int) -> ImportRefused:
    return ImportRefused(Problem("undecodable", params={"file": shown, "encoding": encoding, "line": line}))
