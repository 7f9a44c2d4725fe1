"""Where a peer's packages live: a virtual environment of its own, made once from its list of requirements."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".environments"


def environment(name: str) -> Path:
    """Make the environment of `<name>.txt` unless it stands already; return its folder of programs."""
    folder = ENVIRONMENTS / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    requirements = HERE / f"{name}.txt"
    mark = folder / "made-from.txt"
    if not mark.exists() or mark.read_text() != requirements.read_text():
        print(f"Making the environment of {name} (once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
        subprocess.run(pip, check=True)
        mark.write_text(requirements.read_text())
    return folder / "bin"


def versions(programs: Path, packages: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of packages in an environment."""
    code = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    asked = subprocess.run([programs / "python", "-c", code, *packages], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(asked.stdout)
    return found
