"""Findings in a file: edits of its text, and decisions that a person has to make. Plain data."""

from collections.abc import Iterable
from dataclasses import dataclass


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
        return f"{self.line}: {self.what} -> {self.instead}"


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
