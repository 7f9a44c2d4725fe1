"""Load generators without picows, which is not installed where tests run; nothing here opens a socket.

The folder `bench` is importable as a package: not through `sys.path`, since the root of the repository has folders that
must never be importable names.
"""

import importlib.util
import sys
from enum import Enum
from pathlib import Path
from types import ModuleType, SimpleNamespace

BENCH = Path(__file__).parents[2] / "bench"
TEXT, PING = "TEXT", "PING"

if "bench" not in sys.modules:
    _spec = importlib.util.spec_from_file_location(
        "bench", BENCH / "__init__.py", submodule_search_locations=[str(BENCH)]
    )
    assert _spec is not None and _spec.loader is not None
    sys.modules["bench"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["bench"])


def fake_picows() -> ModuleType:
    """Return a module with the names that generators import from picows."""
    picows = ModuleType("picows")
    kinds = Enum("WSMsgType", [TEXT, PING])
    vars(picows).update(WSListener=object, WSMsgType=kinds, WSFrame=object, WSTransport=object)
    vars(picows).update(WSCloseCode=None, WSInvalidStatusError=Exception, ws_connect=None)
    return picows


def text_frame(module: ModuleType, payload: bytes) -> SimpleNamespace:
    """Return a text frame as picows passes it to a listener of a generator's module."""
    return SimpleNamespace(
        msg_type=module.WSMsgType.TEXT,
        get_payload_as_bytes=lambda: payload,
        get_payload_as_ascii_text=lambda: payload.decode("ascii"),
    )
