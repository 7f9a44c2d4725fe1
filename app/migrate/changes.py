"""Findings in a file: edits of its text, and decisions that a person has to make. Plain data."""

from collections.abc import Iterable
from dataclasses import dataclass

#: Characters of a text from a file in one line of output.
MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the bytes from `start` to `end` of a file's UTF-8 text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A manual change on a line (from 1): the old text, and its replacement."""

    line: int
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.line}: {printable(self.what)} -> {printable(self.instead)}"


def printable(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return the first characters of a text, with escapes for those that a terminal does not show as they are."""
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text[:most])
    return shown if len(text) <= most else f"{shown}..."


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with all edits made. Of two that overlap, the one that begins first and is longer counts."""
    source = text.encode()
    pieces = []
    position = 0
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.start != edit.end, -edit.end)):
        if edit.start >= position:
            pieces += [source[position : edit.start], edit.text.encode()]
            position = edit.end
    return b"".join([*pieces, source[position:]]).decode()
