"""Code from talks and tutorials on Channels 1.x runs as written, but for the import.

Each project is written as its author would have; only `channels` is called `towpath`.
"""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.contrib.auth.models import User
from django.test import override_settings

MakeSite = Callable[..., Any]


def test_a_blog_routed_by_a_regular_expression(project: MakeSite) -> None:
    site = project(
        "liveblog.routing.channel_routing",
        **{
            "liveblog.consumers": """
                from towpath import Group

                def connect_blog(message, slug):
                    if slug == "nobody":
                        message.reply_channel.send({"text": "no such blog", "close": True})
                        return
                    message.reply_channel.send({"accept": True})
                    Group("liveblog-%s" % slug).add(message.reply_channel)

                def disconnect_blog(message, slug):
                    Group("liveblog-%s" % slug).discard(message.reply_channel)
            """,
            "liveblog.routing": """
                from towpath import route
                from liveblog.consumers import connect_blog, disconnect_blog

                channel_routing = [
                    route("websocket.connect", connect_blog, path=r'^/liveblog/(?P<slug>[^/]+)/stream/$'),
                    route("websocket.disconnect", disconnect_blog, path=r'^/liveblog/(?P<slug>[^/]+)/stream/$'),
                ]
            """,
        },
    )
    assert site.event("a", "connect", "/liveblog/tea/stream/") == [{"accept": True}]
    assert site.event("b", "connect", "/liveblog/nobody/stream/") == [{"text": "no such blog", "close": True}]
    assert site.event("c", "connect", "/elsewhere/") == [{"close": True}]
    assert len(site.layer.group_channels("liveblog-tea")) == 1
    site.event("a", "disconnect", "/liveblog/tea/stream/", code=1000)
    assert site.layer.group_channels("liveblog-tea") == []


CHAT = """
    from towpath import Group

    # Connected to websocket.connect
    def ws_add(message):
        message.reply_channel.send({"accept": True})
        Group("chat").add(message.reply_channel)

    # Connected to websocket.receive
    def ws_message(message):
        Group("chat").send({
            "text": "[user] %s" % message.content['text'],
        })

    # Connected to websocket.disconnect
    def ws_disconnect(message):
        Group("chat").discard(message.reply_channel)
"""


def talk(site: Any) -> None:
    """Let two people talk, and one of them leave."""
    assert [site.event(name, "connect") for name in ("a", "b")] == [[{"accept": True}]] * 2
    assert site.event("a", "receive", text="hello") == [{"text": "[user] hello"}]
    assert site.run("b") == [{"text": "[user] hello"}]
    site.event("b", "disconnect", code=1000)
    site.event("a", "receive", text="anybody?")
    assert site.run("b") == []


def test_a_chat_of_bare_routes(project: MakeSite) -> None:
    routing = """
        from towpath.routing import route
        from chat.consumers import ws_add, ws_message, ws_disconnect

        channel_routing = [
            route("websocket.connect", ws_add),
            route("websocket.receive", ws_message),
            route("websocket.disconnect", ws_disconnect),
        ]
    """
    talk(project("mysite.routing.channel_routing", **{"chat.consumers": CHAT, "mysite.routing": routing}))


def test_routing_as_a_dict_of_dotted_paths(project: MakeSite) -> None:
    routing = """
        channel_routing = {
            "websocket.connect": "chat.consumers.ws_add",
            "websocket.receive": "chat.consumers.ws_message",
            "websocket.disconnect": "chat.consumers.ws_disconnect",
        }
    """
    talk(project("mysite.routing.channel_routing", **{"chat.consumers": CHAT, "mysite.routing": routing}))


def test_the_memory_layer_with_its_routing_in_settings(project: MakeSite) -> None:
    assert project("mysite.routing.routes", **{"mysite.routing": "routes = []"}).layer.local_only()
    routes = {"websocket.connect": "chat.consumers.ws_add", "websocket.receive": "chat.consumers.ws_message"}
    site = project(routes, **{"chat.consumers": CHAT})
    assert site.event("a", "connect") == [{"accept": True}]


def test_a_group_is_notified_by_a_models_save(project: MakeSite, database: None) -> None:
    site = project(
        {"websocket.connect": "blog.consumers.follow"},
        **{
            "blog.models": """
                import json
                from django.contrib.auth.models import User
                from towpath import Group

                class Post(User):
                    class Meta:
                        proxy = True
                        app_label = "auth"

                    def send_notification(self):
                        Group("posts").send({"text": json.dumps({"id": self.id, "html": self.username})})

                    def save(self, *args, **kwargs):
                        result = super().save(*args, **kwargs)
                        self.send_notification()
                        return result
            """,
            "blog.consumers": """
                from towpath import Group

                def follow(message):
                    message.reply_channel.send({"accept": True})
                    Group("posts").add(message.reply_channel)
            """,
        },
    )
    site.event("a", "connect")
    import_module("blog.models").Post(username="tea").save()
    assert site.run("a") == [{"text": json.dumps({"id": User.objects.get().pk, "html": "tea"})}]


def test_sessions_and_ordering_as_the_getting_started_guide_has_them(project: MakeSite) -> None:
    site = project(
        "mysite.routing.channel_routing",
        **{
            "chat.consumers": """
                from towpath import Group
                from towpath.auth import channel_session_user, channel_session_user_from_http
                from towpath.sessions import channel_session, enforce_ordering

                # Connected to websocket.connect
                @enforce_ordering
                @channel_session_user_from_http
                def ws_connect(message, room_name):
                    message.reply_channel.send({"accept": True})
                    message.channel_session['room'] = room_name
                    Group("chat-%s" % room_name).add(message.reply_channel)

                # Connected to websocket.receive
                @enforce_ordering
                @channel_session_user
                def ws_message(message):
                    Group("chat-%s" % message.channel_session['room']).send({
                        "text": "%s: %s" % (message.user, message['text']),
                    })

                # Connected to websocket.disconnect
                @enforce_ordering
                @channel_session
                def ws_disconnect(message):
                    Group("chat-%s" % message.channel_session['room']).discard(message.reply_channel)
            """,
            "mysite.routing": """
                from towpath import route
                from chat.consumers import ws_connect, ws_message, ws_disconnect

                channel_routing = [
                    route("websocket.connect", ws_connect, path=r"^/(?P<room_name>[a-zA-Z0-9_]+)/$"),
                    route("websocket.receive", ws_message),
                    route("websocket.disconnect", ws_disconnect),
                ]
            """,
        },
    )
    assert site.event("a", "connect", "/tea/", order=0, headers=[]) == [{"accept": True}]
    assert site.event("a", "receive", "/tea/", order=1, text="hi") == [{"text": "AnonymousUser: hi"}]
    site.event("a", "disconnect", "/tea/", order=2, code=1000)
    assert site.layer.group_channels("chat-tea") == []


def test_class_consumers_as_the_guide_has_them(project: MakeSite) -> None:
    site = project(
        "mysite.routing.channel_routing",
        **{
            "chat.consumers": """
                from towpath.generic import BaseConsumer
                from towpath.generic.websockets import JsonWebsocketConsumer, WebsocketDemultiplexer

                class EchoConsumer(JsonWebsocketConsumer):
                    # Set to True if you want it, else leave it out
                    strict_ordering = False

                    def connection_groups(self, **kwargs):
                        return ["test"]

                    def connect(self, message, multiplexer, **kwargs):
                        multiplexer.send({"status": "I just connected!"})

                    def disconnect(self, message, multiplexer, **kwargs):
                        print("Stream %s is closed" % multiplexer.stream)

                    def receive(self, content, multiplexer, **kwargs):
                        multiplexer.send({"original_message": content})

                class Demultiplexer(WebsocketDemultiplexer):
                    http_user = True
                    consumers = {"echo": EchoConsumer}

                class Notices(BaseConsumer):
                    method_mapping = {"channel.name.here": "method_name"}

                    def method_name(self, message, **kwargs):
                        message.reply_channel.send({"text": "noticed"})

                class MyConsumer(JsonWebsocketConsumer):
                    channel_session_user = True

                    def connect(self, message, **kwargs):
                        self.message.reply_channel.send({"accept": True})

                    def receive(self, content, **kwargs):
                        self.send(content)
                        self.group_send("test", {"from": str(self.message.user)})
            """,
            "mysite.routing": """
                from towpath import route, route_class
                from chat import consumers

                channel_routing = [
                    route_class(consumers.Demultiplexer, path="^/stream/"),
                    consumers.MyConsumer.as_route(path="^/mine/", attrs={"groups": ["test"]}),
                    route_class(consumers.Notices),
                ]
            """,
        },
    )
    assert site.event("a", "connect", "/stream/", headers=[]) == [
        {"accept": True},
        {"text": '{"stream": "echo", "payload": {"status": "I just connected!"}}'},
    ]
    assert site.event("b", "connect", "/mine/") == [{"accept": True}]
    frame = '{"stream": "echo", "payload": {"n": 1}}'
    assert site.event("a", "receive", "/stream/", text=frame) == [
        {"text": '{"stream": "echo", "payload": {"original_message": {"n": 1}}}'}
    ]
    assert site.event("b", "receive", "/mine/", text='{"n": 2}') == [
        {"text": '{"n": 2}'},
        {"text": '{"from": "AnonymousUser"}'},
    ]
    assert site.run("a") == [{"text": '{"from": "AnonymousUser"}'}]


@override_settings(CHANNEL_SESSION_ENGINE="django.contrib.sessions.backends.cache")
def test_rooms_over_one_socket_dispatched_by_a_key_of_the_message(project: MakeSite) -> None:
    """The session is shared between the socket's channels and one of the project's own, hence the engine."""
    site = project(
        "mysite.routing.channel_routing",
        **{
            "chat.consumers": """
                import json
                from towpath import Channel, Group
                from towpath.auth import channel_session_user, channel_session_user_from_http

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
                        Group("room-%s" % room_id).discard(message.reply_channel)

                @channel_session_user
                def chat_join(message):
                    Group("room-%s" % message["room"]).add(message.reply_channel)
                    message.channel_session['rooms'] = list(
                        set(message.channel_session['rooms']).union([message["room"]]))
                    message.reply_channel.send({"text": json.dumps({"join": str(message["room"])})})

                @channel_session_user
                def chat_send(message):
                    if message['room'] not in message.channel_session['rooms']:
                        message.reply_channel.send({"text": json.dumps({"error": "ROOM_ACCESS_DENIED"})})
                        return
                    Group("room-%s" % message["room"]).send({"text": message["message"]})
            """,
            "chat.routing": """
                from towpath import route
                from .consumers import ws_connect, ws_receive, ws_disconnect, chat_join, chat_send

                websocket_routing = [
                    route("websocket.connect", ws_connect),
                    route("websocket.receive", ws_receive),
                    route("websocket.disconnect", ws_disconnect),
                ]

                custom_routing = [
                    route("chat.receive", chat_join, command="^join$"),
                    route("chat.receive", chat_send, command="^send$"),
                ]
            """,
            "mysite.routing": """
                from towpath import include

                channel_routing = [
                    include("chat.routing.websocket_routing", path=r"^/chat/stream"),
                    include("chat.routing.custom_routing"),
                ]
            """,
        },
    )
    path = "/chat/stream/"
    assert site.event("a", "connect", path, headers=[]) == [{"accept": True}]
    denied = site.event("a", "receive", path, text='{"command": "send", "room": 1, "message": "hi"}')
    assert denied == [{"text": '{"error": "ROOM_ACCESS_DENIED"}'}]
    assert site.event("a", "receive", path, text='{"command": "join", "room": 1}') == [{"text": '{"join": "1"}'}]
    assert site.event("a", "receive", path, text='{"command": "send", "room": 1, "message": "hi"}') == [{"text": "hi"}]
    site.event("a", "disconnect", path, code=1000)
    assert site.layer.group_channels("room-1") == []
