"""What we use of redis-py's connections, typed: commands packed and written at once, answers read one by one."""

from collections.abc import Sequence
from typing import Any, Protocol


class Wire(Protocol):
    """A blocking connection. `connect` does nothing where it is connected; errors of the socket disconnect it."""

    def connect(self) -> None:
        """Connect, unless connected."""

    def disconnect(self) -> None:
        """Close the socket."""

    def pack_commands(self, commands: Sequence[tuple[Any, ...]]) -> Sequence[bytes]:
        """Return commands in Redis's protocol."""

    def send_packed_command(self, command: Sequence[bytes]) -> None:
        """Write packed commands."""

    def read_response(self) -> Any:
        """Read one answer; raises what Redis answers as an error."""


class AsyncWire(Protocol):
    """The same for asyncio."""

    async def connect(self) -> None:
        """Connect, unless connected."""

    async def disconnect(self) -> None:
        """Close the socket."""

    def pack_commands(self, commands: Sequence[tuple[Any, ...]]) -> Sequence[bytes]:
        """Return commands in Redis's protocol."""

    async def send_packed_command(self, command: Sequence[bytes]) -> None:
        """Write packed commands."""

    async def read_response(self) -> Any:
        """Read one answer; raises what Redis answers as an error."""
