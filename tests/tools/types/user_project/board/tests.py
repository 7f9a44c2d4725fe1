"""The tools for tests."""

from django.dispatch import receiver

from towpath import Channel, Group
from towpath.signals import consumer_finished
from towpath.testing import ChannelLiveServerTestCase, ChannelTestCase, WSClient, apply_routes


class ChatTests(ChannelTestCase):
    def test_a_text_reaches_the_room(self) -> None:
        client = WSClient()
        client.send_and_consume("websocket.connect", path="/chat/lobby/")
        client.send_and_consume("websocket.receive", text="Good morning.")
        self.assertEqual(client.receive(json=False), "Good morning.")

    def test_a_full_channel_is_reported(self) -> None:
        with self.faults().drop("board.count"):
            Channel("board.count").send({"text": "x"})
        message = self.get_next_message("board.count", require=True)
        assert message is not None
        self.assertEqual(message["text"], "x")

    @apply_routes("chat.channel_routing")
    def test_other_routes(self) -> None:
        Group("chat-lobby").send({"text": "x"})


class LiveTests(ChannelLiveServerTestCase):
    def test_there_is_a_url(self) -> None:
        self.assertTrue(self.live_server_url.startswith("http://"))


@receiver(consumer_finished)
def finished(sender: object, **kwargs: object) -> None:
    del sender, kwargs
