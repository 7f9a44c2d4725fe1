"""A project on disk: the files that are read, and how each is decoded and written."""

import io
import os
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .changes import Finding
from .documents import is_document, migrate_document
from .module import Outcome
from .parser_process import ParserProcess
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
    with ParserProcess() as parser:
        files = [_migrate_file(file, parser.migrate) for file in project_files(path)]
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
    left = [path]
    while left:
        entry = left.pop()
        if not entry.is_dir():
            yield entry
            continue
        try:
            left += sorted(filter(_is_of_project, entry.iterdir()), reverse=True)
        except OSError:
            yield entry  # its error is raised again where it is read


def _is_of_project(entry: Path) -> bool:
    if entry.is_symlink():
        return False  # its target is read at its own place, or is not part of the project
    if entry.is_dir():
        return not _is_foreign(entry)
    return entry.is_file() and (entry.suffix == ".py" or is_document(_name(entry)))


def _name(file: Path) -> str:
    return f"{file.absolute().parent.name}/{file.name}"


def _is_foreign(folder: Path) -> bool:
    is_environment = (folder / "pyvenv.cfg").exists()
    is_hidden = folder.name.startswith(".") and folder.name not in _OWN
    return folder.name in _FOREIGN or is_environment or is_hidden or folder.name.endswith(".egg-info")


def _migrate_file(file: Path, migrate_module: Callable[[str], Outcome]) -> FileOutcome:
    try:
        source = _source_of(file)
        if not _MENTIONED.search(source):
            return FileOutcome(file, Outcome("", ""))
        encoding = _encoding_of(source) if file.suffix == ".py" else "utf-8"
        text = source.decode(encoding)
        if text.encode(encoding) != source:
            raise UnicodeError(f"its text in {encoding} has other bytes")
    except (OSError, SyntaxError, ValueError, LookupError) as error:
        what = f"this file cannot be read, nothing in it was rewritten ({error})"
        finding = Finding(1, what, "make it a readable file in UTF-8")
        return FileOutcome(file, Outcome("", "", (finding,)))
    mark, body = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    outcome = migrate_module(body) if file.suffix == ".py" else migrate_document(body, _name(file))
    return FileOutcome(file, replace(outcome, old=text, new=mark + outcome.new), encoding)


def _source_of(file: Path) -> bytes:
    if file.is_dir():
        os.listdir(file)  # raises the error of a folder that cannot be read
    return file.read_bytes()


def _encoding_of(source: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return "utf-8" if encoding == "utf-8-sig" else encoding  # the mark is kept apart
