"""Sends from outside of consumers."""

from datetime import timedelta

from towpath import DEFAULT_CHANNEL_LAYER, Channel, Group, channel_layers, get_channel_layer
from towpath.exceptions import ChannelFull

Group("chat-lobby").send({"text": "Tea is ready."})
Channel("reminders").send({"order": 7}, delay=timedelta(hours=1))
try:
    Channel("reminders").send({"order": 8}, immediately=True)
except ChannelFull:
    channel_layers[DEFAULT_CHANNEL_LAYER].flush()

channel_layer = get_channel_layer()
