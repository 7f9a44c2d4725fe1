"""An entry of the tables."""

from typing import NamedTuple


class Protection(NamedTuple):
    """`line` stands once in `file`; with `without` instead, `test` (arguments of pytest) fails."""

    name: str
    file: str
    line: str
    without: str
    test: str
