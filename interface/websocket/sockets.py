"""Makes the sockets of one process: plain ones, and compressed ones if both sides have it on."""

from collections.abc import Sequence
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol

from ..bounds.memory import ClientMemory
from ..config import InterfaceConfig
from ..eventloop.clock import Clock
from .compressed import CompressedSocket
from .compression import Deflater, agree, room_for
from .keepalive import Limits
from .output import Outputs
from .protocol import Connection, Socket


class SocketFactory(WebSocketServerFactory):
    """Options of all sockets of one process."""

    def __init__(self, config: InterfaceConfig, clock: Clock, memory: ClientMemory) -> None:
        super().__init__(server="", reactor=clock)  # type: ignore[no-untyped-call]  # Autobahn is partly typed
        self.clock = clock
        self.memory = memory
        self.outputs = Outputs(clock, config.output_buffer_max_bytes, memory)
        self.limits = Limits(
            config.ping_interval_seconds,
            config.ping_timeout_seconds,
            config.websocket_idle_timeout_seconds,
            config.websocket_timeout_seconds,
        )
        self.setProtocolOptions(  # type: ignore[no-untyped-call]
            versions=[13],
            webStatus=False,
            utf8validateIncoming=True,
            maxFramePayloadSize=config.max_message_bytes,
            maxMessagePayloadSize=config.max_message_bytes,
            failByDrop=False,
            echoCloseCodeReason=True,
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            autoPingInterval=0,
            allowNullOrigin=True,
        )
        # Autobahn copies its options into each protocol and prints the copies for a debug log: most of the time of a
        # handshake and a fifth of the memory of a socket. As attributes of a class they cost nothing.
        names = set(WebSocketServerProtocol.CONFIG_ATTRS) - {"perMessageCompressionAccept"}
        options = {**{name: getattr(self, name) for name in names}, "CONFIG_ATTRS": ()}
        self._kind: type[Socket] = type("Socket", (Socket,), options)
        self._deflater = deflater_of(config)
        self._compressed_kind: type[CompressedSocket] = type(
            "CompressedSocket", (CompressedSocket,), {**options, **self._compressed_options(config)}
        )

    def _compressed_options(self, config: InterfaceConfig) -> dict[str, Any]:
        limit = config.max_message_bytes
        room = room_for(limit)
        bounds = {"max_message_bytes": limit, "maxMessagePayloadSize": room, "maxFramePayloadSize": room}
        return {**bounds, "deflater": self._deflater}

    def socket(self, owner: Connection, subprotocol: str | None, extensions: Sequence[bytes] = ()) -> Socket:
        """Return a new socket; it opens with `Socket.open` once it has a transport.

        `extensions`: the values of the client's Sec-WebSocket-Extensions.
        """
        if self._deflater is not None and extensions:
            agreement = agree(extensions, self._deflater.window_bits)
            if agreement is not None:
                return self._compressed_kind(self, owner, subprotocol, agreement)
        return self._kind(self, owner, subprotocol)


def deflater_of(config: InterfaceConfig) -> Deflater | None:
    """Return the compression of all sockets, or None if it is off.

    Raises:
        ConfigurationError: compression is not available in this environment.
    """
    return Deflater(config.compression_window_bits, config.compression_min_bytes) if config.compression else None
