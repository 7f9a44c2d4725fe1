"""The example applications of Channels 1.x, written anew from what they did: rooms over one socket, bound sliders.

The third, the live blog, is `liveblog_example`.
"""

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.test import override_settings

MakeSite = Callable[..., Any]


def cookie_of(user: Any) -> list[list[bytes]]:
    """Return the headers of a browser in which a user is logged in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(user.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return [[b"cookie", f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]


ROOMS = {
    "chat.models": """
        import json
        from django.db import models
        from towpath import Group
        from .settings import MSG_TYPE_MESSAGE

        class Room(models.Model):
            title = models.CharField(max_length=255)
            staff_only = models.BooleanField(default=False)

            @property
            def websocket_group(self):
                return Group("room-%s" % self.id)

            def send_message(self, message, user, msg_type=MSG_TYPE_MESSAGE):
                final_msg = {
                    'room': str(self.id), 'message': message, 'username': user.username, 'msg_type': msg_type,
                }
                self.websocket_group.send({"text": json.dumps(final_msg)})
    """,
    "chat.settings": """
        NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS = True
        MSG_TYPE_MESSAGE = 0
        MSG_TYPE_ENTER = 4
        MSG_TYPE_LEAVE = 5
    """,
    "chat.exceptions": """
        import json

        class ClientError(Exception):
            def __init__(self, code):
                super().__init__(code)
                self.code = code

            def send_to(self, channel):
                channel.send({"text": json.dumps({"error": self.code})})
    """,
    "chat.rooms": """
        from functools import wraps
        from .exceptions import ClientError
        from .models import Room

        def catch_client_error(func):
            @wraps(func)
            def inner(message, *args, **kwargs):
                try:
                    return func(message, *args, **kwargs)
                except ClientError as e:
                    e.send_to(message.reply_channel)
            return inner

        def get_room_or_error(room_id, user):
            if not user.is_authenticated:
                raise ClientError("USER_HAS_TO_LOGIN")
            try:
                room = Room.objects.get(pk=room_id)
            except Room.DoesNotExist:
                raise ClientError("ROOM_INVALID")
            if room.staff_only and not user.is_staff:
                raise ClientError("ROOM_ACCESS_DENIED")
            return room
    """,
    "chat.consumers": """
        import json
        from towpath import Channel
        from towpath.auth import channel_session_user, channel_session_user_from_http
        from .exceptions import ClientError
        from .models import Room
        from .rooms import catch_client_error, get_room_or_error
        from .settings import MSG_TYPE_ENTER, MSG_TYPE_LEAVE, NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS

        @channel_session_user_from_http
        def ws_connect(message):
            message.reply_channel.send({'accept': True})
            message.channel_session['rooms'] = []

        def ws_receive(message):
            payload = json.loads(message['text'])
            payload['reply_channel'] = message.content['reply_channel']
            Channel("chat.receive").send(payload)

        @channel_session_user
        def ws_disconnect(message):
            for room_id in message.channel_session.get("rooms", set()):
                try:
                    room = Room.objects.get(pk=room_id)
                    room.websocket_group.discard(message.reply_channel)
                except Room.DoesNotExist:
                    pass

        @channel_session_user
        @catch_client_error
        def chat_join(message):
            room = get_room_or_error(message["room"], message.user)
            if NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS:
                room.send_message(None, message.user, MSG_TYPE_ENTER)
            room.websocket_group.add(message.reply_channel)
            message.channel_session['rooms'] = list(set(message.channel_session['rooms']).union([room.id]))
            message.reply_channel.send({"text": json.dumps({"join": str(room.id), "title": room.title})})

        @channel_session_user
        @catch_client_error
        def chat_leave(message):
            room = get_room_or_error(message["room"], message.user)
            if NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS:
                room.send_message(None, message.user, MSG_TYPE_LEAVE)
            room.websocket_group.discard(message.reply_channel)
            message.channel_session['rooms'] = list(set(message.channel_session['rooms']).difference([room.id]))
            message.reply_channel.send({"text": json.dumps({"leave": str(room.id)})})

        @channel_session_user
        @catch_client_error
        def chat_send(message):
            if int(message['room']) not in message.channel_session['rooms']:
                raise ClientError("ROOM_ACCESS_DENIED")
            room = get_room_or_error(message["room"], message.user)
            room.send_message(message["message"], message.user)
    """,
    "chat.routing": """
        from towpath import route
        from .consumers import chat_join, chat_leave, chat_send, ws_connect, ws_disconnect, ws_receive

        websocket_routing = [
            route("websocket.connect", ws_connect),
            route("websocket.receive", ws_receive),
            route("websocket.disconnect", ws_disconnect),
        ]

        custom_routing = [
            route("chat.receive", chat_join, command="^join$"),
            route("chat.receive", chat_leave, command="^leave$"),
            route("chat.receive", chat_send, command="^send$"),
        ]
    """,
    "multichat.routing": """
        from towpath import include

        channel_routing = [
            include("chat.routing.websocket_routing", path=r"^/chat/stream"),
            include("chat.routing.custom_routing"),
        ]
    """,
}
STREAM = "/chat/stream/"


class Visitor:
    """A user with one socket to the rooms."""

    def __init__(self, site: Any, name: str, headers: list[list[bytes]]) -> None:
        self.site, self.name = site, name
        assert site.event(name, "connect", STREAM, headers=headers) == [{"accept": True}]

    def do(self, command: str, room: Any, **more: Any) -> list[Any]:
        """Send a command; return what comes back."""
        text = json.dumps({"command": command, "room": room.pk if hasattr(room, "pk") else room, **more})
        return [json.loads(reply["text"]) for reply in self.site.event(self.name, "receive", STREAM, text=text)]

    def seen(self) -> list[Any]:
        """Return what has come meanwhile."""
        return [json.loads(reply["text"]) for reply in self.site.run(self.name)]


@pytest.fixture
def sessions_in_cache() -> Iterator[None]:
    """A session that channels share. Set before the project, which changes settings too, and until that is gone."""
    with override_settings(CHANNEL_SESSION_ENGINE="django.contrib.sessions.backends.cache"):
        yield


@pytest.mark.usefixtures("sessions_in_cache")
def test_rooms_over_one_socket_some_for_staff_only(project_with_models: MakeSite) -> None:
    site, models = project_with_models("chat", "multichat.routing.channel_routing", **ROOMS)
    lobby = models.Room.objects.create(title="Lobby")
    office = models.Room.objects.create(title="Office", staff_only=True)
    anna = Visitor(site, "anna", cookie_of(User.objects.create_user("anna")))
    boss = Visitor(site, "boss", cookie_of(User.objects.create_user("boss", is_staff=True)))
    guest = Visitor(site, "guest", [])

    assert guest.do("join", lobby) == [{"error": "USER_HAS_TO_LOGIN"}]
    assert anna.do("join", 4711) == [{"error": "ROOM_INVALID"}]
    assert anna.do("join", office) == [{"error": "ROOM_ACCESS_DENIED"}]
    assert anna.do("send", office, message="psst") == [{"error": "ROOM_ACCESS_DENIED"}]
    assert {"join": str(lobby.pk), "title": "Lobby"} in anna.do("join", lobby)

    assert {"join": str(lobby.pk), "title": "Lobby"} in boss.do("join", lobby)
    assert anna.seen() == [{"room": str(lobby.pk), "message": None, "username": "boss", "msg_type": 4}]
    assert {"join": str(office.pk), "title": "Office"} in boss.do("join", office)

    said = {"room": str(lobby.pk), "message": "hello", "username": "anna", "msg_type": 0}
    assert anna.do("send", lobby, message="hello") == [said]
    assert boss.seen() == [said]
    assert [reply["message"] for reply in boss.do("send", office, message="secret")] == ["secret"]
    assert (anna.seen(), guest.seen()) == ([], [])

    left = {"room": str(lobby.pk), "message": None, "username": "anna", "msg_type": 5}
    assert anna.do("leave", lobby) == [{"leave": str(lobby.pk)}]
    assert boss.seen() == [left]
    assert anna.do("send", lobby, message="still here?") == [{"error": "ROOM_ACCESS_DENIED"}]
    site.event("boss", "disconnect", STREAM, code=1000)
    assert [site.layer.group_channels(f"room-{room.pk}") for room in (lobby, office)] == [[], []]


SLIDERS = {
    "values.models": """
        from django.db import models
        from towpath.binding.websockets import WebsocketBinding

        class IntegerValue(models.Model):
            name = models.CharField(max_length=100, unique=True)
            value = models.IntegerField(default=0)

        class IntegerValueBinding(WebsocketBinding):
            model = IntegerValue
            stream = "intval"
            fields = ["name", "value"]

            @classmethod
            def group_names(cls, instance):
                return ["binding.values"]

            def has_permission(self, user, action, pk):
                return True
    """,
    "values.consumers": """
        from towpath.generic.websockets import WebsocketDemultiplexer
        from .models import IntegerValueBinding

        class Demultiplexer(WebsocketDemultiplexer):
            consumers = {
                "intval": IntegerValueBinding.consumer,
            }
            groups = ["binding.values"]
    """,
    "databinding.routing": """
        from towpath import route_class
        from values.consumers import Demultiplexer

        channel_routing = [
            route_class(Demultiplexer, path='^/stream/?$'),
        ]
    """,
}


def test_sliders_bound_both_ways(project_with_models: MakeSite) -> None:
    site, models = project_with_models("values", "databinding.routing.channel_routing", **SLIDERS)

    def payloads(replies: list[Any]) -> list[Any]:
        """Return what a page's `demultiplex("intval", ...)` gets."""
        frames = [json.loads(reply["text"]) for reply in replies]
        assert {frame["stream"] for frame in frames} <= {"intval"}
        return [(frame["payload"]["action"], frame["payload"]["pk"], frame["payload"]["data"]) for frame in frames]

    for page in ("left", "right"):
        assert site.event(page, "connect", "/stream/") == [{"accept": True}]
    slider = models.IntegerValue.objects.create(name="volume", value=3)  # in the admin
    created = [("create", slider.pk, {"name": "volume", "value": 3})]
    assert payloads(site.run("left")) == payloads(site.run("right")) == created

    frame = {"stream": "intval", "payload": {"pk": slider.pk, "action": "update", "data": {"value": 7}}}
    moved = [("update", slider.pk, {"name": "volume", "value": 7})]
    assert payloads(site.event("left", "receive", "/stream/", text=json.dumps(frame))) == moved
    assert payloads(site.run("right")) == moved
    slider.refresh_from_db()
    assert slider.value == 7

    new = {"stream": "intval", "payload": {"action": "create", "data": {"name": "tone", "value": 1}}}
    ((action, pk, data),) = payloads(site.event("right", "receive", "/stream", text=json.dumps(new)))
    assert (action, data) == ("create", {"name": "tone", "value": 1})
    gone = {"stream": "intval", "payload": {"action": "delete", "pk": pk}}
    site.event("right", "receive", "/stream", text=json.dumps(gone))
    assert [action for action, *_ in payloads(site.run("left"))] == ["create", "delete"]
    assert list(models.IntegerValue.objects.values_list("name", flat=True)) == ["volume"]

    site.event("left", "disconnect", "/stream/", code=1000)
    slider.delete()
    assert payloads(site.run("left")) == []
    assert [action for action, *_ in payloads(site.run("right"))] == ["delete"]
