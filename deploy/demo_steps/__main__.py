"""The demo: makes its environment, runs the site under supervisor, and stops all of it. Standard library only."""

import argparse
import sys
import tempfile
from pathlib import Path

from deploy.demo_steps.check import CheckFailed, check
from deploy.demo_steps.ports import PortTaken, free_port, require_free
from deploy.demo_steps.site import Site, SiteError, prepare_database
from deploy.demo_steps.supervision import DidNotStart, Supervision
from deploy.provision.environment import Environment, InstallError, prepare
from deploy.provision.redis_server import NoRedis, find_or_fetch

ROOT = Path(__file__).parents[2]

EXIT_CHECK_FAILED = 1
EXIT_CANNOT_START = 3


def main() -> int:
    """Run the demo or its check; return the exit code."""
    options = parse()
    try:
        return check_once() if options.check else serve(options)
    except CheckFailed as error:
        print(f"The check failed: {error}", file=sys.stderr)
        return EXIT_CHECK_FAILED
    except (InstallError, NoRedis, PortTaken, SiteError, DidNotStart) as error:
        print(error, file=sys.stderr)
        return EXIT_CANNOT_START
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="deploy/demo",
        description="Run the live blog with Redis, an interface server and two workers, until Ctrl-C.",
        epilog="TOWPATH_PYTHON selects the interpreter.",
    )
    parser.add_argument("--port", type=int, default=8000, help="port of the site (default: %(default)s)")
    parser.add_argument(
        "--state", type=Path, default=ROOT / "var" / "demo", help="folder for its database and logs (default: var/demo)"
    )
    parser.add_argument("--check", action="store_true", help="start on free ports, check each function once, and stop")
    return parser.parse_args()


def serve(options: argparse.Namespace) -> int:
    """Run the demo until a signal stops it."""
    require_free(options.port, "--port")
    site = provide(options.state.resolve(), options.port)
    with Supervision(site, say) as supervision:
        supervision.wait_until_ready()
        print(welcome(site), flush=True)
        supervision.wait()
    return 0


def check_once() -> int:
    """Start the demo with a new database on free ports, check that a post arrives, and stop it."""
    with tempfile.TemporaryDirectory(prefix="towpath-check-") as state:
        site = provide(Path(state), free_port())
        with Supervision(site, say) as supervision:
            supervision.wait_until_ready()
            check(site, say)
    require_free(site.port, "The check")
    say("Everything works")
    return 0


def provide(state: Path, port: int) -> Site:
    """Make the environment, find Redis, fill the database."""
    environment: Environment = prepare(ROOT, "demo", "demo", say)
    redis_server = find_or_fetch(environment, say)
    say(f"Redis: {redis_server}")
    site = Site(ROOT, environment, state, redis_server, port)
    prepare_database(site, say)
    return site


def welcome(site: Site) -> str:
    """Print the URL, the accounts, commands to try, and how to stop."""
    return f"""
    The live blog is at   {site.address}
    Log in as             editor / editor   (writes posts)   or   reader / reader   (chats)

    Post from another terminal:
        {site.shell_script("manage")} post lock-to-lock "Hello from a terminal."
    Restart every worker, as a deploy does, and watch the page stay connected:
        {site.shell_script("manage")} towpath restart
    Logs are in           {site.logs}

    Ctrl-C stops all of it.
"""


def say(text: str) -> None:
    """Tell what goes on."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
