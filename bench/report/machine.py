"""The machine on which the figures were measured."""

import os
import platform
import subprocess
from pathlib import Path


def machine() -> dict[str, str]:
    """Return the facts about this machine that matter."""
    return {
        "processor": _first_value(Path("/proc/cpuinfo"), "model name"),
        "cores": str(os.cpu_count()),
        "memory": f"{int(_first_value(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 1024**2:.0f} GiB",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "commit": _commit(),
    }


def _commit() -> str:
    """Return what was measured, as git calls it, with "-dirty" if files were changed."""
    command = ["git", "describe", "--always", "--dirty"]
    asked = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def _first_value(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        key, mark, value = line.partition(":")
        if mark and key.strip() == name:
            return value.strip()
    return "unknown"
