"""A mutant: one change of the source that a test must notice."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

#: What an anchor is made of: white space, a placeholder, a word, one other character.
PARTS = re.compile(r"\s+|\$[A-Z]+|\w+|.", re.DOTALL)
PLACEHOLDER = re.compile(r"\$([A-Z]+)")


class Change(NamedTuple):
    """A file, and its text with the mutant in it."""

    file: Path
    text: str


@dataclass(frozen=True)
class Mutant:
    """The source without one of its protections.

    `file` is a glob below the repository, so that a module may move: `interface/**/chunks.py`. Its files hold the code
    `anchor` once; white space in it, or between two of its words, matches any other. With `replacement` in its place
    `test` (arguments of pytest) fails. `$NAME` in an anchor matches one name, such as `self._lease`; `$NAME` in the
    replacement stands for that name.
    """

    name: str
    file: str
    anchor: str
    replacement: str
    test: str

    def change(self, root: Path) -> Change:
        """Return the change of the tree at `root`.

        Raises:
            LookupError: the files do not hold the anchor exactly once.
        """
        texts = {file: file.read_text(encoding="utf-8") for file in sorted(root.glob(self.file))}
        found = [(file, match) for file, text in texts.items() for match in self._pattern().finditer(text)]
        if len(found) != 1:
            raise LookupError(f"{self.file} holds the anchor of mutant {self.name!r} {len(found)} times, not once")
        [(file, match)] = found
        text = texts[file]
        return Change(file, text[: match.start()] + self._replacement(match) + text[match.end() :])

    def _pattern(self) -> re.Pattern[str]:
        """Return the pattern of the anchor. That of an anchor with indentation begins at the begin of a line."""
        pattern, before, names = [], "", set[str]()
        for part in PARTS.findall(self.anchor.strip()):
            if part.isspace():
                before = part
                continue
            if pattern:
                pattern.append(r"\s+" if before and _is_word(pattern[-1][-1]) and _is_word(part[0]) else r"\s*")
            before = ""
            name = part[1:]
            if not PLACEHOLDER.fullmatch(part):
                pattern.append(re.escape(part))
            elif name in names:
                pattern.append(f"(?P={name})")
            else:
                names.add(name)
                pattern.append(rf"(?P<{name}>\w[\w.]*)")
        begin = r"^(?P<indentation>[ \t]*)" if _indentation(self.anchor) else ""
        return re.compile(begin + "".join(pattern), re.MULTILINE)

    def _replacement(self, match: re.Match[str]) -> str:
        """Return what comes into the place of the match, moved to its indentation."""
        shift = 0
        if _indentation(self.anchor):
            shift = len(match["indentation"]) - _indentation(self.anchor)
        lines = self.replacement.strip("\n").split("\n")
        moved = [" " * max(0, _indentation(line) + shift) + line.lstrip() for line in lines] if shift else lines
        return PLACEHOLDER.sub(lambda name: match[name[1]], "\n".join(moved))


def _indentation(text: str) -> int:
    """Return the number of spaces before the first line."""
    line = text.lstrip("\n")
    return len(line) - len(line.lstrip(" "))


def _is_word(character: str) -> bool:
    """Return whether a character may be part of a word."""
    return character.isalnum() or character == "_"
