"""Echo and groups for Channels 4: the same consumers once synchronous, once asynchronous."""

import os

from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.urls import path

http = get_asgi_application()

from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402


class SyncEcho(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data=text_data)


class AsyncEcho(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=text_data)


class SyncMember(WebsocketConsumer):
    def connect(self):
        self.group = self.scope["url_route"]["kwargs"]["name"]
        async_to_sync(self.channel_layer.group_add)(self.group, self.channel_name)
        self.accept()

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(self.group, self.channel_name)

    def say(self, event):
        self.send(text_data=event["text"])


class AsyncMember(AsyncWebsocketConsumer):
    async def connect(self):
        self.group = self.scope["url_route"]["kwargs"]["name"]
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def say(self, event):
        await self.send(text_data=event["text"])


is_async = os.environ["BENCH_CONSUMER"] == "async"
application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter(
            [
                path("echo/", (AsyncEcho if is_async else SyncEcho).as_asgi()),
                path("group/<str:name>/", (AsyncMember if is_async else SyncMember).as_asgi()),
            ]
        ),
    }
)
