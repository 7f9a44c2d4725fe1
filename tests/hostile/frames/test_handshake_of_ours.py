"""The handshake that is made for Autobahn: one that it does not take is an error of ours, and nothing stays open."""

from typing import Any

import pytest
from twisted.internet.task import Clock

from towpath.interface.bounds.memory import ClientMemory
from towpath.interface.config import InterfaceConfig
from towpath.interface.websocket.sockets import SocketFactory


def test_a_key_that_autobahn_refuses(open_peer: Any) -> None:
    sound = open_peer()
    socket = SocketFactory(InterfaceConfig(), Clock(), ClientMemory(1)).socket(sound.owner, None, ())
    transport = type(sound.transport)()
    transport.protocol = socket
    socket.makeConnection(transport)
    with pytest.raises(RuntimeError, match="Autobahn refused the handshake"):
        socket.open("short")
    assert not transport.is_open
