"""Messages that wait on a channel or for one connection. Several connections may share an inbox, and a layer reads an
inbox as a whole: messages for other connections than the requested one are kept here.
"""

from collections import deque
from weakref import WeakKeyDictionary

from towpath.channels import Message
from towpath.channels.configured import ConfiguredLayer
from towpath.layers.contract import Content
from towpath.layers.names import check_channel_name, split_local

#: Layer -> full channel name -> contents, the oldest first.
_unclaimed: "WeakKeyDictionary[ConfiguredLayer, dict[str, deque[Content]]]" = WeakKeyDictionary()


def next_message(layer: ConfiguredLayer, channel: str) -> Message | None:
    """Take the next message of a channel, a reply channel too; None if there is none.

    Raises:
        InvalidName: `channel` is not a channel name.
    """
    inbox, local = split_local(check_channel_name(channel))
    if local:
        content = _next_of_connection(layer, inbox, channel)
        return None if content is None else Message(content, channel, layer)
    name, content = layer.receive([channel])
    return None if name is None else Message(content, name, layer)


def _next_of_connection(layer: ConfiguredLayer, inbox: str, channel: str) -> Content | None:
    unclaimed = _unclaimed.setdefault(layer, {})
    if unclaimed.get(channel):
        return unclaimed[channel].popleft()
    while True:
        name: str | None
        content: Content
        name, content = layer.receive([inbox])
        if name is None:
            return None
        if name == channel:
            return content
        unclaimed.setdefault(name, deque()).append(content)
