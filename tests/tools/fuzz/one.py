"""Fuzzes one target until libFuzzer's options end it: `python -m tests.tools.fuzz.one TARGET CORPUS [OPTION ...]`.

CORPUS is a folder, where what reaches new code is kept for the next time; or a file, which is tried once.
"""

import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["towpath"]):
    from .targets import TARGETS


def main() -> None:
    """Fuzz; does not return."""
    name, corpus, *options = sys.argv[1:]
    target = TARGETS[name]
    if Path(corpus).is_dir():
        for number, seed in enumerate(target.seeds):
            Path(corpus, f"seed-{number}").write_bytes(seed)
    logging.disable(logging.CRITICAL)  # damaged entries are logged, thousands a second here
    atheris.Setup([sys.argv[0], corpus, *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
