"""Bare Autobahn on Twisted's default reactor: an echo and groups. Arguments: the ports of WebSocket and HTTP."""

import sys

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site


class Server(WebSocketServerProtocol):
    def onConnect(self, request):
        self.path = request.path

    def onOpen(self):
        if self.path.startswith("/group/"):
            self.factory.groups.setdefault(self.path.split("/")[2], set()).add(self)

    def onMessage(self, payload, isBinary):  # noqa: N803
        self.sendMessage(payload, isBinary)

    def onClose(self, wasClean, code, reason):  # noqa: N803
        for members in self.factory.groups.values():
            members.discard(self)


class Hello(Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"hello"


class Publish(Resource):
    """POST /publish/<group>/ sends the body to the group, one frame prepared for all."""

    isLeaf = True

    def __init__(self, factory):
        super().__init__()
        self.factory = factory

    def render_POST(self, request):
        message = self.factory.prepareMessage(request.content.read())
        for member in self.factory.groups.get(request.postpath[0].decode(), ()):
            member.sendPreparedMessage(message)
        return b"sent"


websockets = WebSocketServerFactory()
websockets.protocol = Server
websockets.groups = {}
root = Resource()
root.putChild(b"hello", Hello())
root.putChild(b"publish", Publish(websockets))
reactor.listenTCP(int(sys.argv[1]), websockets, interface="127.0.0.1", backlog=2048)
reactor.listenTCP(int(sys.argv[2]), Site(root), interface="127.0.0.1")
reactor.run()
