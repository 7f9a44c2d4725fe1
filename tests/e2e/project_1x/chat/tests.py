import json

from django.contrib.auth.models import User

from channels import Group
from channels.test import ChannelTestCase, HttpClient, WSClient, apply_routes

from .models import ChatMessage


class ChatTests(ChannelTestCase):

    def test_a_message_is_saved_and_told(self):
        User.objects.create_user('anna', password='secret')
        client = WSClient()
        client.login(username='anna', password='secret')
        client.send_and_consume('websocket.connect', path='/chat/tea/')
        client.send_and_consume('websocket.receive', text='hello', path='/chat/tea/')
        client.consume('chat-messages')
        saved = ChatMessage.objects.get()
        self.assertEqual((saved.author, saved.message), ('anna', 'hello (1)'))
        self.assertEqual(client.receive()['author'], 'anna')

    def test_a_group_is_told_when_a_message_is_saved(self):
        Group('chat-tea').add('test-channel')
        ChatMessage.objects.create(room='tea', message='hi', author='anna')
        told = json.loads(self.get_next_message('test-channel', require=True)['text'])
        self.assertEqual(told['message'], 'hi')

    def test_routes_can_be_others(self):
        from channels.routing import route

        with apply_routes([route('websocket.receive', lambda message: message.reply_channel.send({'text': '"mine"'}))]):
            client = HttpClient()
            client.send_and_consume('websocket.receive', text='anything')
            self.assertEqual(client.receive(), 'mine')
