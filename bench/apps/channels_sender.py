"""Sends to groups as any process of a Channels project does, on one event loop."""

import asyncio
import os

import django
from sending import serve

os.environ["DJANGO_SETTINGS_MODULE"] = "channels_settings"
django.setup()

from channels.layers import get_channel_layer  # noqa: E402

loop = asyncio.new_event_loop()
layer = get_channel_layer()
serve(lambda group, text: loop.run_until_complete(layer.group_send(group, {"type": "say", "text": text})))
