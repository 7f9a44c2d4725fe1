import json

import channels
from channels import Channel, Group
from channels.auth import channel_session_user, channel_session_user_from_http
from channels.exceptions import DenyConnection
from channels.generic.websockets import JsonWebsocketConsumer, WebsocketConsumer, WebsocketDemultiplexer
from channels.security.websockets import allowed_hosts_only
from channels.sessions import channel_session, enforce_ordering

from .bindings import IntegerValueBinding
from .models import ChatMessage


# Connected to chat-messages
def msg_consumer(message):
    # Save to model; this tells the group as well
    ChatMessage.objects.create(
        room=message.content['room'],
        message=message.content['message'],
        author=message.content['author'],
    )


# Connected to websocket.connect
@enforce_ordering
@channel_session_user_from_http
def ws_connect(message, room):
    if room == "closed":
        raise DenyConnection("nobody may enter")
    message.reply_channel.send({"accept": True})
    # Save room in session and add us to the group
    message.channel_session['room'] = room
    message.channel_session['said'] = 0
    Group("chat-%s" % room).add(message.reply_channel)


# Connected to websocket.receive
@enforce_ordering
@channel_session_user
def ws_message(message):
    message.channel_session['said'] += 1
    # Stick the message onto the processing queue
    Channel("chat-messages").send({
        "room": message.channel_session['room'],
        "message": "%s (%d)" % (message['text'], message.channel_session['said']),
        "author": message.user.username or "somebody",
    })


# Connected to websocket.disconnect
@enforce_ordering
@channel_session
def ws_disconnect(message):
    Group("chat-%s" % message.channel_session['room']).discard(message.reply_channel)
    Group("chat-%s" % message.channel_session['room']).send({"text": '{"left": true}'})


# Connected to reminders
def remind(message):
    channels.Group("chat-%s" % message['room']).send({"text": json.dumps({"reminder": message['room']})})


@allowed_hosts_only
class Echo(WebsocketConsumer):
    http_user = True
    strict_ordering = True

    def connection_groups(self, **kwargs):
        return ["echo"]

    def receive(self, text=None, bytes=None, **kwargs):
        self.send(text=text, bytes=bytes)


class Numbers(JsonWebsocketConsumer):

    def connect(self, message, multiplexer, **kwargs):
        multiplexer.send({"welcome": multiplexer.stream})

    def receive(self, content, multiplexer, **kwargs):
        multiplexer.send({"doubled": content["number"] * 2})


class Streams(WebsocketDemultiplexer):
    consumers = {
        "numbers": Numbers,
        "intval": IntegerValueBinding.consumer,
    }

    def connection_groups(self, **kwargs):
        return ["intval-updates"]
