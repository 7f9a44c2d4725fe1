"""The checks of `tests/run`, in the order they run."""

import argparse
import os
import platform
from dataclasses import dataclass

from deploy.provision.environment import Environment

FAST_FOLDERS = ("tests/unit", "tests/structure")
#: What starts servers and browsers mostly waits for them: two more than there are processors, at most four.
PROCESSES = min((os.cpu_count() or 1) + 2, 4)
IN_PARALLEL = (f"--numprocesses={PROCESSES}", "--dist=loadfile", "--no-loadscope-reorder")


@dataclass(frozen=True, slots=True)
class Check:
    """A command that passes with exit code 0."""

    title: str
    command: list[str]


def checks(environment: Environment, options: argparse.Namespace, pytest_arguments: list[str]) -> list[Check]:
    """Return what to run for these options."""
    chosen = [] if options.no_lint or options.again else lint(environment)
    folders = list(FAST_FOLDERS) if options.fast else []
    parallel = [] if pytest_arguments else list(IN_PARALLEL)  # who says what to run wants to see it run, in one process
    marked = ["-m", "not once"] if options.again else []
    command = [environment.program("pytest"), *parallel, *marked, *folders, *pytest_arguments]
    chosen.append(Check(f"pytest on Python {platform.python_version()}", command))
    return chosen


def lint(environment: Environment) -> list[Check]:
    """Return the checks that only read."""
    ruff = environment.program("ruff")
    return [
        Check("ruff check", [ruff, "check", "--quiet", "."]),
        Check("ruff format", [ruff, "format", "--check", "--quiet", "."]),
        Check("mypy --strict", [str(environment.python), "tests/tools/types/check.py"]),
        Check("documentation", [str(environment.python), "-m", "docs.site.build"]),
    ]
