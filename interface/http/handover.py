"""Giving a connection's transport from one protocol to another: from HTTP/1 to HTTP/2, or to a WebSocket."""

from typing import Any

from twisted.internet.protocol import Protocol
from twisted.protocols.policies import ProtocolWrapper


# `Any`: what a transport can do is spread over a dozen interfaces in Twisted.
def hand_over(transport: Any, protocol: Protocol) -> None:
    """Connect `protocol` to a transport that another protocol has. Works on TCP, on UNIX sockets and under TLS."""
    transport.unregisterProducer()
    if isinstance(transport, ProtocolWrapper):
        wrapper: Any = transport
        wrapper.wrappedProtocol = protocol
    else:
        transport.protocol = protocol
    protocol.makeConnection(transport)
