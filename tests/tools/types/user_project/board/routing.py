"""Routes of every kind."""

from board import consumers
from towpath import include, route, route_class

board_routing = [
    consumers.Quiz.as_route(path="/quiz/<int:quiz>/"),
    route_class(consumers.Echo, path="/echo/"),
    route(["board.count", "board.retry"], consumers.count, ordered=False),
    route("board.later", "board.consumers.retry"),
]

channel_routing = [
    include(board_routing, path="^/board"),
    include("chat.channel_routing"),
    consumers.Board.as_route(attrs={"groups": ["everyone"]}, path="^/board/$"),
    route("websocket.connect", consumers.connect),
    route("websocket.receive", consumers.receive, path=r"^/hello/"),
    route("websocket.connect", consumers.local, path=b"^/local/"),
    route("websocket.receive", consumers.guarded, path=r"^/guarded/"),
]
