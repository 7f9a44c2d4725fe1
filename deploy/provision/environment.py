"""Virtual environments of this repository: made once, and reused until the requirements change.

Uses the standard library only: it runs before any package is installed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]

#: The files with the requirements.
SOURCES = ("setup.py", "pyproject.toml")


class InstallError(Exception):
    """pip or venv failed; the message has the output."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with this repository installed in it, editable."""

    folder: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "bin" / "python"

    def program(self, name: str) -> str:
        """Return the path of an installed console script."""
        return str(self.folder / "bin" / name)

    def variables(self) -> dict[str, str]:
        """Return this process's environment variables, changed so that the environment's programs come first."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**os.environ, "VIRTUAL_ENV": str(self.folder), "PATH": path, "PYTHONUNBUFFERED": "1"}


def prepare(root: Path, purpose: str, extra: str, say: Say, pins: tuple[str, ...] = ()) -> Environment:
    """Return the environment `.venv-<purpose>-<Python version>` with `root[extra]` in it, made or renewed if need be.

    `pins` are requirements such as `redis==6.2` that hold beside those of setup.py.

    Raises:
        InstallError: venv or pip failed.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = Environment(root / f".venv-{purpose}-{version}")
    stamp = environment.folder / "towpath-stamp"
    wanted = fingerprint(root, extra, pins)
    with locked(root / ".cache" / f"{environment.folder.name}.lock"):
        if not (stamp.exists() and stamp.read_text() == wanted and works(environment)):
            build(environment, root, extra, say, pins)
            stamp.write_text(wanted)
    return environment


def fingerprint(root: Path, extra: str, pins: tuple[str, ...]) -> str:
    """Return a digest of all that determines the content of an environment."""
    digest = hashlib.sha256()
    for part in (str(root), sys.version, sys.base_prefix, extra, *pins):
        digest.update(part.encode() + b"\0")
    for source in SOURCES:
        digest.update((root / source).read_bytes())
    return digest.hexdigest()


def works(environment: Environment) -> bool:
    """Return whether the environment's interpreter still runs (it is a link to one that may have been removed)."""
    try:
        return subprocess.run([environment.python, "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def build(environment: Environment, root: Path, extra: str, say: Say, pins: tuple[str, ...]) -> None:
    """Make a new environment and install into it."""
    say(f"Making the virtual environment {environment.folder.name}")
    shutil.rmtree(environment.folder, ignore_errors=True)
    run(sys.executable, "-m", "venv", str(environment.folder))
    say(f"Installing Towpath and what '{extra}' needs (a minute or two, the first time)")
    pip_install(environment, f"{root}[{extra}]", pins)


def pip_install(environment: Environment, editable: str, pins: tuple[str, ...]) -> None:
    """Install a folder into the environment, editable."""
    pip = (str(environment.python), "-m", "pip", "--disable-pip-version-check", "install")
    run(*pip, "--editable", editable, *pins)


def run(*command: str) -> None:
    """Run a command without output; on failure raise InstallError with its output."""
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise InstallError(f"{' '.join(command)} failed with exit code {done.returncode}:\n{done.stdout}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file: one process at a time runs the block."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
