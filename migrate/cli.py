"""The console script `towpath-migrate`.

    towpath-migrate mysite             # rewrites, and names what is left to do
    towpath-migrate --diff mysite      # shows what it would rewrite
    towpath-migrate --check mysite     # only reports

It exits with 0 if nothing is left to do, with 1 if something is, and with 2 if it cannot work at all.
"""

import argparse
import sys
from collections.abc import Sequence
from difflib import unified_diff
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .project import FileOutcome


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
        sys.stderr.write('towpath-migrate needs libcst: pip install "towpath[migrate]"\n')
        return ExitCode.USAGE
    path: Path = options.path
    if not path.exists():
        sys.stderr.write(f"towpath-migrate: there is no {path}; give the folder of the project, or one file\n")
        return ExitCode.USAGE
    return _report(list(migrate_project(path)), options)


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


def _report(found: "list[FileOutcome]", options: argparse.Namespace) -> ExitCode:
    """Write the files, or show what would be written; print a line for each file and finding."""
    is_dry = options.diff or options.check
    to_be = "to be " * is_dry
    changed = [file for file in found if file.outcome.is_changed]
    for file in changed:
        sys.stdout.write(_diff(file) if options.diff else f"{file.path}: {to_be}rewritten\n")
    left = found if is_dry else [file.write() if file.outcome.is_changed else file for file in found]
    findings = [f"{file.path}:{finding}\n" for file in left for finding in file.outcome.findings]
    sys.stdout.write("".join(findings))
    counts = f"{_count(len(changed), 'file')} {to_be}rewritten, {_count(len(findings), 'thing')} to be done by hand"
    sys.stdout.write(f"{counts}.\n")
    return ExitCode.TO_DO if findings or (changed and is_dry) else ExitCode.DONE


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _diff(file: "FileOutcome") -> str:
    old, new = (text.splitlines(keepends=True) for text in (file.outcome.old, file.outcome.new))
    lines = unified_diff(old, new, str(file.path), str(file.path))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
