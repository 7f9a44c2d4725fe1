from channels import include, route_class
from channels.routing import route

from chat.consumers import Echo, Streams

# The channel routing defines what channels get handled by what consumers
channel_routing = [
    include("chat.routing.websocket_routing", path=r"^/chat"),
    include("chat.routing.custom_routing"),
    route_class(Echo, path=r"^/echo/$"),
    Streams.as_route(path=r"^/streams/$"),
    route("http.disconnect", 'channels.routing.null_consumer'),
]
