"""Makes the test environment, then runs every check. Standard library only: nothing is installed yet.

All checks run, also after one failed; the exit code is that of the first failure.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from deploy.provision.environment import Environment, InstallError, prepare
from deploy.provision.redis_server import NoRedis, find_or_fetch
from tests.tools.runner.checks import Check, checks
from tests.tools.runner.children import kill_orphans, run_to_its_end
from tests.tools.runner.lower_bounds import lower_bounds

ROOT = Path(__file__).parents[3]

EXIT_NO_ENVIRONMENT = 4


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    options, pytest_arguments = parse(sys.argv[1:])
    try:
        environment, server = provide(options.lowest, options.django)
    except (InstallError, NoRedis) as error:
        print(error, file=sys.stderr)
        return EXIT_NO_ENVIRONMENT
    variables = environment.variables()
    variables["PATH"] += f"{os.pathsep}{server.parent}"
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of some hundred processes compiles Towpath anew
    if options.again:
        variables["TOWPATH_SHORT"] = "1"
    codes = [run(check, variables) for check in checks(environment, options, pytest_arguments)]
    return next((code for code in codes if code), 0)


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split the command line into our options and pytest's."""
    parser = argparse.ArgumentParser(
        prog="tests/run",
        description="Make the test environment, then run ruff, mypy and pytest. Other arguments go to pytest.",
        epilog="TOWPATH_PYTHON selects the interpreter. TOWPATH_REQUIRE_ALL=1 turns skipped tests into failures.",
    )
    parser.add_argument("--fast", action="store_true", help="only the tests that start no server and no browser")
    parser.add_argument("--no-lint", action="store_true", help="neither ruff nor mypy")
    parser.add_argument(
        "--again",
        action="store_true",
        help="on one more Python: no ruff, no mypy, no tests marked `once`, smaller loads in others",
    )
    releases = parser.add_mutually_exclusive_group()
    releases.add_argument("--lowest", action="store_true", help="with the oldest releases that setup.py allows")
    releases.add_argument("--django", metavar="X.Y", help="with this series of Django, such as 6.0")
    return parser.parse_known_args(arguments)


def provide(lowest: bool, django: str | None = None) -> tuple[Environment, Path]:
    """Return the environment and the Redis server to test with; `django` is a series such as "6.0"."""
    if lowest:
        environment = prepare(ROOT, "lowest", "test", say, lower_bounds(ROOT))
    elif django is not None:
        environment = prepare(ROOT, f"django-{django}", "test", say, (f"Django=={django}.*",))
    else:
        environment = prepare(ROOT, "tests", "test", say)
    return environment, find_or_fetch(environment, say)


def run(check: Check, variables: dict[str, str]) -> int:
    """Run one check in the foreground; return its exit code.

    Raises:
        SystemExit: a signal stopped this program; the check has stopped, and nothing of it runs on.
    """
    say(check.title)
    started = time.monotonic()
    code, told = run_to_its_end(check.command, variables)
    for command in kill_orphans():
        say(f"{check.title}: killed what it had left running: {command}")
    say(
        f"{check.title}: {'passed' if code == 0 else f'failed with exit code {code}'}, "
        f"{time.monotonic() - started:.1f} s"
    )
    if told is not None:
        sys.exit(128 + told)
    return code


def say(text: str) -> None:
    """Tell what goes on."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
