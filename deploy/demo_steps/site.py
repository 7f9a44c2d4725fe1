"""The live blog as the demo runs it: its folders, the variables of its processes, its database."""

import os
import shlex
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.demo_steps.ports import HOST
from deploy.provision.environment import Environment

Say = Callable[[str], None]

WORKERS = 2

#: The longest path that a unix socket may have, with room to spare (Linux: 107 bytes, macOS: 103).
MAX_SOCKET_PATH_BYTES = 100


class SiteError(Exception):
    """A management command failed; the message has its output."""


@dataclass(frozen=True, slots=True)
class Site:
    """One running copy of the example. `state` is the folder of its files."""

    root: Path
    environment: Environment
    state: Path
    redis_server: Path
    port: int

    @property
    def address(self) -> str:
        """Where browsers find it."""
        return f"http://{HOST}:{self.port}/"

    @property
    def logs(self) -> Path:
        """The folder of all log files."""
        return self.state / "logs"

    @property
    def project(self) -> Path:
        """The folder of manage.py."""
        return self.root / "liveblog_example"

    @property
    def sockets(self) -> Path:
        """The folder of the UNIX sockets; not `state` if that path is too long for one."""
        if len(os.fsencode(self.state / "supervisor.sock")) <= MAX_SOCKET_PATH_BYTES:
            return self.state
        return Path(f"/tmp/towpath-{os.getuid()}-{self.port}")

    @property
    def control_socket(self) -> Path:
        """The UNIX socket of supervisor."""
        return self.sockets / "supervisor.sock"

    @property
    def redis_socket(self) -> Path:
        """The UNIX socket of Redis."""
        return self.sockets / "redis.sock"

    def settings(self) -> dict[str, str]:
        """Return the variables that deploy/supervisor.env lists, and the example's own."""
        return {
            "TOWPATH_PROJECT": str(self.project),
            "TOWPATH_APPLICATION": "liveblog.asgi:channel_layer",
            "TOWPATH_PROGRAMS": str(self.environment.folder / "bin"),
            "TOWPATH_STATE": str(self.state),
            "TOWPATH_SOCKET": str(self.control_socket),
            "TOWPATH_ADDRESS": f"{HOST}:{self.port}",
            "TOWPATH_INTERFACES": "1",
            "TOWPATH_WORKERS": str(WORKERS),
            "TOWPATH_WORKER_THREADS": "4",
            "TOWPATH_FILES": "1000",
            "TOWPATH_REDIS_SERVER": str(self.redis_server),
            "TOWPATH_REDIS_SOCKET": str(self.redis_socket),
            "TOWPATH_REDIS_MEMORY": "100mb",
            "REDIS_URL": f"unix://{quote(str(self.redis_socket))}?db=0",
            "DEBUG": "1",
            "SQLITE_FILE": str(self.state / "db.sqlite3"),
        }

    def variables(self) -> dict[str, str]:
        """Return the whole environment of the demo's processes."""
        inherited = self.environment.variables()
        for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH"):
            inherited.pop(name, None)
        return {**inherited, **self.settings()}

    def shell_script(self, name: str) -> Path:
        """Return the path of a script that runs a command of this site from any terminal."""
        return self.state / name

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; return its output.

        Raises:
            SiteError: it failed.
        """
        command = [str(self.environment.python), "manage.py", *arguments]
        done = subprocess.run(
            command,
            check=False,
            cwd=self.project,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise SiteError(f"manage.py {arguments[0]} failed with exit code {done.returncode}:\n{done.stdout}")
        return done.stdout


def prepare_database(site: Site, say: Say) -> None:
    """Make the folders, the scripts, the tables and the sample content that do not exist yet."""
    site.logs.mkdir(parents=True, exist_ok=True)
    if site.sockets != site.state:
        make_private(site.sockets)
    write_script(site, "manage", f"cd {shlex.quote(str(site.project))}\nexec python manage.py")
    configuration = shlex.quote(str(site.root / "deploy" / "supervisor.conf"))
    write_script(site, "supervisorctl", f"exec supervisorctl -c {configuration}")
    say("Preparing the database")
    site.manage("migrate", "--verbosity", "0")
    site.manage("sample")


def make_private(folder: Path) -> None:
    """Check that a folder belongs to this user, and that no other user can write to it.

    Raises:
        SiteError: it belongs to another user, which is possible in /tmp.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SiteError(f"{folder} is not a folder that this user alone can write to: choose a shorter path as --state")


def write_script(site: Site, name: str, command: str) -> None:
    """Write a script that runs a command with the site's variables."""
    exports = [f"export {key}={shlex.quote(value)}" for key, value in site.settings().items()]
    path = f'export PATH={shlex.quote(str(site.environment.folder / "bin"))}:"$PATH"'
    script = site.shell_script(name)
    script.write_text("\n".join(["#!/bin/sh", path, *exports, f'{command} "$@"', ""]))
    script.chmod(0o755)
