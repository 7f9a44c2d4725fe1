"""What the figures were measured on."""

import os
import platform
from pathlib import Path


def machine() -> dict[str, str]:
    """Return the facts about this machine that matter."""
    return {
        "processor": _first_value(Path("/proc/cpuinfo"), "model name"),
        "cores": str(os.cpu_count()),
        "memory": f"{int(_first_value(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 1024**2:.0f} GiB",
        "kernel": platform.release(),
        "Python": platform.python_version(),
    }


def _first_value(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        key, mark, value = line.partition(":")
        if mark and key.strip() == name:
            return value.strip()
    return "unknown"
