"""One Python file: the changes of its text, and the decisions that are left."""

import re
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import MetadataWrapper

from .changes import Edit, Finding, apply
from .distributions import RequiredDistributions
from .imports import Imports
from .installed_apps import InstalledApps
from .layer_options import LayerOptions
from .members import Members
from .names import ROOTS
from .reading import Reading
from .routes import Facing, Facts
from .stars import StarredNames
from .strings import DottedStrings
from .uses import Uses

#: A file without any of these words is skipped.
_WORDS = re.compile(rf"\b({'|'.join(ROOTS)}|asgi-\w+|towpath|CHANNEL_SESSION_ENGINE|websocket\.\w+)\b")
_VISITORS: tuple[type[Reading], ...] = (
    Imports,
    Uses,
    StarredNames,
    DottedStrings,
    InstalledApps,
    LayerOptions,
    RequiredDistributions,
    Members,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for a file. `new` is its text afterwards, the same if there are no changes."""

    old: str
    new: str
    findings: tuple[Finding, ...] = ()
    facts: Facts = field(default_factory=Facts)

    @property
    def is_changed(self) -> bool:
        """Whether the file has to be written."""
        return self.new != self.old


def migrate_module(text: str) -> Outcome:
    """Rewrite the text of a module. Of two names for the same finding on a line, one is given."""
    if not _WORDS.search(text):
        return Outcome(text, text)
    if "\0" in text:  # LibCST would read it for ever
        return unparsed(text, "remove the null byte", text[: text.index("\0")].count("\n") + 1)
    try:
        return _migrated(text)
    except cst.ParserSyntaxError as error:
        return unparsed(text, f"make it Python 3 first, and run this again ({error.message})", error.raw_line)
    except RecursionError:
        return unparsed(text, "migrate it by hand: its expressions are nested too deeply")
    except Exception as error:  # of LibCST, of any class: reported for this file, and others are read
        return unparsed(text, f"migrate it by hand ({type(error).__name__}: {error})")


def unparsed(text: str, instead: str, line: int = 1) -> Outcome:
    """Return the outcome for a module that cannot be parsed."""
    return Outcome(text, text, (Finding(line, "this file cannot be parsed, nothing in it was rewritten", instead),))


def _migrated(text: str) -> Outcome:
    """Rewrite the text of a module that uses Channels.

    Raises:
        ParserSyntaxError: it is not Python.
        RecursionError: its expressions are nested too deeply.
    """
    wrapper = MetadataWrapper(cst.parse_module(text))
    edits: list[Edit] = []
    findings: set[Finding] = set()
    for kind in _VISITORS:
        reading = kind(text)
        wrapper.visit(reading)
        edits += reading.edits
        findings |= set(reading.findings)
    facing = Facing(text)
    wrapper.visit(facing)
    return Outcome(text, apply(text, edits), tuple(sorted(findings)), facing.facts)
