"""What an entry of the table says."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Suite(NamedTuple):
    """A distribution on PyPI whose tests are run after `towpath-migrate` and the replacements.

    `folder` holds the tests inside the source distribution, `copied` says what of it comes along. `left_out` are files
    of tests, and `differs` tests that fail; each with the reason. Nothing else may fail, and these have to.
    """

    name: str
    version: str
    folder: str
    copied: str
    requires: Sequence[str]
    replacements: Sequence[tuple[str, str]]
    settings: str
    left_out: Mapping[str, str]
    differs: Mapping[str, str]
