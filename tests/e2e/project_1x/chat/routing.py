from channels import route

from .consumers import (
    ws_connect,
    ws_message,
    ws_disconnect,  # also runs if the browser crashes
    msg_consumer,
)

websocket_routing = [
    # The include() has taken /chat off
    route("websocket.connect", ws_connect, path=r"^/(?P<room>[a-zA-Z0-9_]+)/$"),
    route("websocket.receive", ws_message),
    route("websocket.disconnect", ws_disconnect),
]

custom_routing = [
    route("chat-messages", msg_consumer),
    route("reminders", "chat.consumers.remind", kind="^room$"),
]
