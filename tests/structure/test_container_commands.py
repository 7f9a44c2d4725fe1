"""The commands of the images, from an installed wheel, with their variables alone, on a read-only file system.

Not a container: no image is built. The root file system is this machine's, mounted read-only for the process.
"""

import json
import logging
import re
import shlex
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from ..ports import free_port
from ..processes import PATIENCE_SECONDS, Process

#: Makes the root file system read-only but for a folder, drops all capabilities, and runs a command.
SHUT = """
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro /
cd /
shift
exec setpriv --bounding-set=-all --no-new-privs -- "$@"
"""
#: The same where the system allows no mounts: the commands run on its own root file system, which is writable.
OPEN = 'cd /; shift; exec "$@"'


@pytest.fixture(scope="module")
def shut() -> list[str]:
    """The beginning of a command for a process that writes to one folder alone, which is its first argument."""
    command = ["unshare", "--mount", "sh", "-c", SHUT, "sh"]
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("unshare and setpriv (util-linux) are not installed")
    tried = subprocess.run([*command, "/mnt", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        logging.getLogger(__name__).warning("The root file system stays writable: %s", tried.stderr.strip())
        return ["sh", "-c", OPEN, "sh"]
    return command


@pytest.fixture(scope="module")
def programs(wheel: Path, new_environment: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin of an environment with the wheel, as the image has one."""
    folder = tmp_path_factory.mktemp("image") / "venv"
    python = new_environment(folder)
    [packages] = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    script = folder / "bin" / "towpath-interface"
    script.write_text(f"#!{python}\nimport sys\nfrom towpath.interface.cli import main\nsys.exit(main())\n")
    script.chmod(0o755)
    return folder / "bin"


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> str:
    return (root / "deploy" / "container" / "Dockerfile").read_text()


def stage(dockerfile: str, name: str) -> tuple[dict[str, str], list[str], str]:
    """Return the variables, the command, and the code of the health check of a stage."""
    text = dockerfile.partition(f" AS {name}\n")[2].partition("\nFROM ")[0].replace("\\\n", " ")
    variables = dict(word.split("=", 1) for line in re.findall(r"^ENV (.*)$", text, re.M) for word in shlex.split(line))
    check, command = re.findall(r"^(?:HEALTHCHECK .*? )?CMD (\[.*\])$", text, re.MULTILINE)
    return variables, json.loads(command), json.loads(check)[-1]


class Image:
    """Processes with the variables of the images, other ports, and no variable of this machine."""

    def __init__(self, shut: list[str], programs: Path, folder: Path, redis_url: str) -> None:
        self._shut = shut
        self.is_read_only = shut[0] == "unshare"
        self._programs = programs
        self._folder = folder
        self._redis_url = redis_url
        self._started: list[Process] = []

    def start(self, variables: dict[str, str], command: list[str], folder: Path | None = None) -> Process:
        """Start a process."""
        environment = {**variables, "PATH": f"{self._programs}:/usr/bin:/bin", "REDIS_URL": self._redis_url}
        prefix = [*self._shut, str(self._folder), "env", "-C", str(folder or "/")]
        process = Process([*prefix, *command], None, environment)
        self._started.append(process)
        return process

    def is_healthy(self, check: str, port: int) -> bool:
        """Return whether the health check of an image succeeds on this port."""
        code = check.replace(":9100/", f":{port}/")
        assert code != check
        return subprocess.run([self._programs / "python", "-c", code], capture_output=True, check=False).returncode == 0

    def end(self) -> None:
        """Kill the processes that still run."""
        for process in self._started:
            process.kill()


@pytest.fixture
def image(shut: list[str], programs: Path, tmp_path: Path, redis_url: str) -> Iterator[Image]:
    image = Image(shut, programs, tmp_path, redis_url)
    yield image
    image.end()


def test_the_images_commands_serve_a_page_and_stop_cleanly_on_a_read_only_file_system(
    image: Image, dockerfile: str, root: Path, tmp_path: Path
) -> None:
    port, edge_port, worker_port = free_port(), free_port(), free_port()
    project = {
        "SQLITE_FILE": str(tmp_path / "db.sqlite3"),
        "DEBUG": "0",
        "ALLOWED_HOSTS": "localhost",
        "SECRET_KEY": "x",
    }
    example = root / "liveblog_example"

    variables, command, check = stage(dockerfile, "worker")
    variables = {**variables, **project, "TOWPATH_WORKER_METRICS": f"127.0.0.1:{worker_port}"}
    assert image.start(variables, ["python", "manage.py", "migrate", "--no-input"], example).wait() == 0
    worker = image.start(variables, command, example)
    worker.wait_for("Starting")
    assert image.is_healthy(check, worker_port)

    variables, command, check = stage(dockerfile, "interface")
    ports = {"PORT": str(port), "BIND": "127.0.0.1", "METRICS": f"127.0.0.1:{edge_port}", "SPOOL_FOLDER": str(tmp_path)}
    edge = image.start({**variables, **{f"TOWPATH_INTERFACE_{name}": value for name, value in ports.items()}}, command)
    edge.wait_for("Listening on")
    assert image.is_healthy(check, edge_port)
    for address in (f"http://localhost:{port}/", f"http://127.0.0.1:{edge_port}/ready"):
        with urlopen(address, timeout=PATIENCE_SECONDS) as page:
            assert page.status == 200
    if image.is_read_only:
        write = [*image._shut, str(tmp_path), "touch", f"{root}/written"]
        assert "Read-only" in subprocess.run(write, capture_output=True, text=True, check=False).stderr

    for process in (worker, edge):
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0, process.output
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("db.sqlite3")) == []
