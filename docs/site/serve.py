"""Builds the site and serves it to this machine: `./docs/serve`. Standard library only: nothing is installed yet."""

import argparse
import subprocess
import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from deploy.provision.environment import InstallError, prepare

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / ".cache" / "docs" / "html"


def main() -> int:
    """Build and serve until Ctrl-C; return the exit code."""
    options = parse()
    try:
        environment = prepare(ROOT, "docs", "docs", say)
    except InstallError as error:
        say(str(error))
        return 4
    say("Building the site")
    done = subprocess.run(
        [environment.python, "-m", "docs.site.build"], cwd=ROOT, env=environment.variables(), check=False
    )
    if done.returncode or options.build:
        return done.returncode
    try:
        server = ThreadingHTTPServer(("127.0.0.1", options.port), partial(SimpleHTTPRequestHandler, directory=HTML))
    except OSError as error:
        say(f"Port {options.port} cannot be used ({error.strerror}): choose another with --port")
        return 1
    say(f"The documentation is at http://127.0.0.1:{server.server_port}/ until Ctrl-C")
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="docs/serve", description="Build the documentation and serve it on loopback.")
    parser.add_argument("--port", type=int, default=8001, help="(default: %(default)s)")
    parser.add_argument("--build", action="store_true", help="only build it, into .cache/docs/html")
    return parser.parse_args()


def say(text: str) -> None:
    """Write a line to the terminal."""
    sys.stdout.write(f"==> {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
