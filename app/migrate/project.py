"""A project on disk: the files that are read, and how each is decoded and written."""

import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .changes import Finding
from .documents import is_document, migrate_document
from .module import Outcome, migrate_module
from .routes import advise

#: Folders that hold nothing of the project's own.
_FOREIGN = {"__pycache__", "node_modules", "site-packages", "build", "dist"}
#: Folders with a dot before their name that do.
_OWN = {".github", ".gitlab", ".circleci", ".ebextensions", ".platform", ".docker", ".devcontainer"}
_BOM = "\ufeff"
#: A file without one of these is not read any further, whatever it is written in.
_MENTIONED = re.compile(rb"channel|asgi|daphne|rundelay|towpath|websocket\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """A file and what becomes of it."""

    path: Path
    outcome: Outcome
    encoding: str = "utf-8"

    def write(self) -> None:
        """Write the new text, in the file's own encoding and with its own line ends."""
        self.path.write_bytes(self.outcome.new.encode(self.encoding))


def migrate_project(path: Path) -> list[FileOutcome]:
    """Return every file below `path`, or `path` itself, that changes or has findings; nothing is written."""
    files = [_migrate_file(file) for file in project_files(path)]
    findings: dict[Path, list[Finding]] = {file.path: list(file.outcome.findings) for file in files}
    for place, finding in advise((file.path, file.outcome.facts) for file in files):
        findings[place].append(finding)
    told = [replace(file, outcome=replace(file.outcome, findings=tuple(findings[file.path]))) for file in files]
    return [file for file in told if file.outcome.is_changed or file.outcome.findings]


def project_files(path: Path) -> Iterator[Path]:
    """Yield the files to read, in the order of their names."""
    if path.is_file():
        yield path
        return
    for entry in sorted(path.iterdir()):
        if entry.is_symlink():
            continue  # its target is read at its own place, or is not part of the project
        if entry.is_dir() and not _is_foreign(entry):
            yield from project_files(entry)
        elif entry.is_file() and (entry.suffix == ".py" or is_document(_name(entry))):
            yield entry


def _name(file: Path) -> str:
    return f"{file.absolute().parent.name}/{file.name}"


def _is_foreign(folder: Path) -> bool:
    is_environment = (folder / "pyvenv.cfg").exists()
    is_hidden = folder.name.startswith(".") and folder.name not in _OWN
    return folder.name in _FOREIGN or is_environment or is_hidden or folder.name.endswith(".egg-info")


def _migrate_file(file: Path) -> FileOutcome:
    try:
        source = file.read_bytes()
        if not _MENTIONED.search(source):
            return FileOutcome(file, Outcome("", ""))
        encoding = _encoding_of(file)
        text = source.decode(encoding)
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError) as error:
        what = f"this file cannot be read, nothing in it was rewritten ({error})"
        finding = Finding(1, what, "make it a readable file in UTF-8")
        return FileOutcome(file, Outcome("", "", (finding,)))
    mark, body = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    outcome = migrate_module(body) if file.suffix == ".py" else migrate_document(body, _name(file))
    return FileOutcome(file, replace(outcome, old=text, new=mark + outcome.new), encoding)


def _encoding_of(file: Path) -> str:
    if file.suffix != ".py":
        return "utf-8"
    with file.open("rb") as lines:
        encoding, _ = tokenize.detect_encoding(lines.readline)
    return "utf-8" if encoding == "utf-8-sig" else encoding  # the mark is kept apart
