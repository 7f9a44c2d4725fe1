"""Names of channels and close codes are written in one module, `layers/protocol.py`; all others import them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

#: A channel of interface servers, a pattern of one, or the beginning of their names.
CHANNEL = re.compile(r"(http|websocket)\.(\*|connect|receive|disconnect|request|request\.body\?|response\.flow\?)?")
#: Close codes that mean nothing else. (1000 is a usual number.)
CLOSE_CODES = range(1001, 1016)

#: Files and folders that write them out -> the reason.
ALLOWED = {
    "layers/protocol.py": "the module itself",
    "layers/conformance": "messages as plain data, for authors of layers to read",
    "app/migrate": "text that it finds in projects of Channels 1.x, and writes into them",
}


def literals(source: Path) -> Iterator[str]:
    """Yield each name and close code that a module writes out, with its line."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant):
            is_name = isinstance(node.value, str) and CHANNEL.fullmatch(node.value)
            if is_name or (type(node.value) is int and node.value in CLOSE_CODES):
                yield f"{source}:{node.lineno}: {node.value!r}"


def test_names_of_channels_and_close_codes_come_from_the_module_of_protocols(
    root: Path, folders: dict[str, str]
) -> None:
    sources = [source for folder in folders for source in (root / folder).rglob("*.py")]
    allowed = tuple(str(root / path) for path in ALLOWED)
    found = [text for source in sources if not str(source).startswith(allowed) for text in literals(source)]
    assert not found, "import these from towpath.layers.protocol:\n" + "\n".join(found)


@pytest.mark.parametrize("path", ALLOWED)
def test_an_exception_is_still_needed(root: Path, path: str) -> None:
    place = root / path
    sources = list(place.rglob("*.py")) if place.is_dir() else [place]
    assert [text for source in sources for text in literals(source)]


#: Modules of `layers` that know WebSockets -> the reason. All others carry the messages of any protocol.
KNOWS_WEBSOCKETS = {
    "protocol.py": "the names",
    "replies.py": "the keys of replies, which consumers and interface servers check alike",
    "commands.py": "orders of operators to interface servers",
    "conformance/names.py": "names of channels as test data",
}


def test_a_layer_carries_messages_without_a_word_of_their_protocol(root: Path) -> None:
    sources = [source for ending in ("*.py", "*.lua") for source in (root / "layers").rglob(ending)]
    knowing = {
        str(source.relative_to(root / "layers"))
        for source in sources
        if re.search(r"websocket|\b1006\b", source.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    assert knowing == set(KNOWS_WEBSOCKETS)
