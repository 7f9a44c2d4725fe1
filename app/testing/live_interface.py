"""The interface server of a live test as a program: `python -m towpath.testing.live_interface DESCRIPTOR`.

Its orders come pickled over standard input: the search path of modules, and the `Orders`.
"""

import importlib
import pickle
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from towpath.interface.config import InterfaceConfig
from towpath.interface.process.service import serve

#: Seconds for the end of a test, which must not take long.
GRACE_SECONDS = 1.0


class Orders(NamedTuple):
    """The layer to serve, by the dotted path of its class, and options of `InterfaceConfig`."""

    backend: str
    config: Mapping[str, Any]
    options: Mapping[str, Any]


def main() -> int:
    """Serve until SIGTERM."""
    sys.path[:], orders = pickle.load(sys.stdin.buffer)
    module, _, name = orders.backend.rpartition(".")
    layer = getattr(importlib.import_module(module), name)(**orders.config)
    config = InterfaceConfig(fd=int(sys.argv[1]), grace_seconds=GRACE_SECONDS, **orders.options)
    return serve(layer, config).value


if __name__ == "__main__":
    sys.exit(main())
