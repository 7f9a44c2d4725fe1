"""The view that Pushpin calls for each event of a socket, in place of consumers."""

from bench_urls import urlpatterns as plain
from django.http import HttpRequest, HttpResponse
from django.urls import path
from gripcontrol import (
    WebSocketEvent,
    decode_websocket_events,
    encode_websocket_events,
    websocket_control_message,
)


def socket(request: HttpRequest, name: str | None = None) -> HttpResponse:
    """Echo texts; subscribe to a group at the start, if there is a name."""
    answers, is_opened = [], False
    for event in decode_websocket_events(request.body):
        if event.type == "OPEN":
            is_opened = True
            answers.append(event)
            if name is not None:
                subscription = websocket_control_message("subscribe", {"channel": name})
                answers.append(WebSocketEvent("TEXT", "c:" + subscription))
        elif event.type == "TEXT":
            answers.append(WebSocketEvent("TEXT", b"m:" + event.content))
        elif event.type == "CLOSE":
            answers.append(event)
    response = HttpResponse(encode_websocket_events(answers), content_type="application/websocket-events")
    if is_opened:
        response["Sec-WebSocket-Extensions"] = "grip"
    return response


urlpatterns = [*plain, path("echo/", socket), path("group/<str:name>/", socket)]
