"""The console script `towpath-migrate`.

    towpath-migrate mysite             # rewrites, and names the manual changes
    towpath-migrate --diff mysite      # shows the changes that it would write
    towpath-migrate --check mysite     # only reports

It exits with 0 if nothing is left to do, with 1 if manual changes are left, and with 2 if it cannot run.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from difflib import unified_diff
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from .changes import printable

if TYPE_CHECKING:
    from .project import FileOutcome

#: Characters of a path in a line of output: those of the longest path of Linux.
MOST_PATH = 4096


class ExitCode(IntEnum):
    """How it ended."""

    DONE = 0
    #: Something is left to do: by a person, or by this command without `--diff` or `--check`.
    TO_DO = 1
    #: There is no such path, or libcst is not installed.
    USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = build_parser().parse_args(arguments)
    try:
        from .project import migrate_project
    except ModuleNotFoundError as error:
        if error.name != "libcst":
            raise
        sys.stderr.write("towpath-migrate needs the package libcst: install towpath[migrate]\n")
        return ExitCode.USAGE
    path: Path = options.path
    for stream in (sys.stdout, sys.stderr):  # names of files and texts in them may hold what the terminal cannot show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not (path.is_dir() or path.is_file()):
        sys.stderr.write(f"towpath-migrate: there is no {_shown(path)}; give the folder of the project, or one file\n")
        return ExitCode.USAGE
    found = migrate_project(path)
    for file in found:
        if file.outcome.is_changed:
            sys.stdout.write(_settle(file, options))
    is_dry = options.diff or options.check
    # Remaining findings have other line numbers in the written files.
    return _report(found, found if is_dry else migrate_project(path), is_dry)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="towpath-migrate",
        description="Rewrite a Channels 1.x project for Towpath; name what it cannot rewrite.",
        allow_abbrev=False,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder of the project, or one file")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--diff", action="store_true", help="show what would be rewritten, write nothing")
    modes.add_argument("--check", action="store_true", help="report what is to be done, write nothing")
    return parser


def _settle(file: "FileOutcome", options: argparse.Namespace) -> str:
    """Write a file, unless it is only to be shown or reported; return the line of output about it."""
    if options.diff:
        old, new = (text.splitlines(keepends=True) for text in (file.outcome.old, file.outcome.new))
        lines = unified_diff(old, new, _shown(file.path), _shown(file.path))
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    if options.check:
        return f"{_shown(file.path)}: to be rewritten\n"
    try:
        file.write()
    except OSError as error:
        return f"{_shown(file.path)}: to be rewritten, but cannot be written: {error.strerror}\n"
    return f"{_shown(file.path)}: rewritten\n"


def _report(found: "list[FileOutcome]", left: "list[FileOutcome]", is_dry: bool) -> ExitCode:
    """Print a line for each finding that is left, and their number."""
    to_be = sum(file.outcome.is_changed for file in left)
    changed = sum(file.outcome.is_changed for file in found) - (0 if is_dry else to_be)
    findings = [f"{_shown(file.path)}:{finding}\n" for file in left for finding in file.outcome.findings]
    sys.stdout.write("".join(findings))
    rewritten = f"{_count(changed, 'file')} {'to be ' * is_dry}rewritten"
    sys.stdout.write(f"{rewritten}, {_count(len(findings), 'thing')} to be done by hand.\n")
    return ExitCode.TO_DO if findings or to_be else ExitCode.DONE


def _shown(path: Path) -> str:
    """Return a path on one line; names of files may hold line ends."""
    return printable(str(path), MOST_PATH)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


if __name__ == "__main__":
    sys.exit(main())
