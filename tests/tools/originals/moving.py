"""A suite from PyPI, unpacked and moved to Towpath in a folder of its own."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from .suite import Suite


def unpack(suite: Suite, python: Path, folder: Path) -> Path:
    """Fetch the source distribution and what its tests import besides; return its folder.

    Raises:
        subprocess.CalledProcessError: PyPI cannot be reached, or has no such distribution.
    """
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    requirement = f"{suite.name}=={suite.version}"
    subprocess.run([*pip, "download", "--no-deps", "--no-binary=:all:", "--dest", str(folder), requirement], check=True)
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "libraries"), *suite.requires], check=True)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(folder / "unpacked", filter="data")
    [found] = (folder / "unpacked").iterdir()
    return found


def move(suite: Suite, unpacked: Path, python: Path, project: Path) -> str:
    """Make a project of the tests, moved by `towpath-migrate`; return what that has said."""
    target = project / "tests" if suite.copied == suite.folder else project
    shutil.copytree(unpacked / suite.copied, target, dirs_exist_ok=True)
    tests = project / "tests"
    for name in suite.left_out:
        (tests / name).unlink()
    (tests / "__init__.py").touch()
    command = [str(python), "-m", "towpath.migrate.cli", str(project)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    for file in project.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for pattern, replacement in suite.replacements:
            text = re.sub(pattern, replacement, text)
        file.write_text(text, encoding="utf-8")
    (project / "settings.py").write_text(suite.settings, encoding="utf-8")
    return done.stdout
