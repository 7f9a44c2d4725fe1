"""A page without a browser: it runs the routed consumers, and reads the messages that they send to it."""

import json
from itertools import count
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client, TransactionTestCase
from towpath import Message, channel_layers
from towpath.routing import Router

from blogs.models import Blog
from blogs.payloads import Payload


class LiveTestCase(TransactionTestCase):
    """A blog, an editor, a reader, and pages. Transactions commit, so that announcements are sent."""

    def setUp(self) -> None:
        """Start with an empty layer."""
        channel_layers["default"].flush()
        self.blog = Blog.objects.create(title="Otter watch", slug="otters")
        self.editor = User.objects.create_user("mara", first_name="Mara", last_name="Voss")
        self.editor.user_permissions.set(Permission.objects.filter(content_type__app_label="blogs"))
        self.reader = User.objects.create_user("tobi")

    def page(self, user: User | None = None) -> "Page":
        """Open a page, past its first frames."""
        page = Page(user)
        page.connect()
        page.replies()
        return page


class Page:
    """One WebSocket, or one request, of a user."""

    numbers = count(1)

    def __init__(self, user: User | None = None) -> None:
        self.layer = channel_layers["default"]
        self.inbox = f"page-{next(self.numbers)}!"
        self.reply_channel = f"{self.inbox}socket"
        self.state: bytes | None = None
        self.cookie = b""
        if user is not None:
            client = Client()
            client.force_login(user)
            self.cookie = client.cookies.output(header="", attrs=[]).strip().encode()

    def run(self, channel: str, path: str, **content: Any) -> None:
        """Route a message and run its consumer, as a worker does."""
        content = {"reply_channel": self.reply_channel, "path": path, **content}
        message = Message(content, channel, self.layer, turn=1, session_state=self.state)
        match = Router(self.layer.routing).match(message)
        assert match is not None, f"no route for {channel} {path}"
        match.consumer(message, **match.kwargs)
        self.state = message.session_state

    def connect(self, slug: str = "otters", **query: int) -> None:
        """Open the WebSocket."""
        self.run("websocket.connect", f"/liveblog/{slug}/stream/", **self.head(query))

    def poll(self, slug: str = "otters", **query: int) -> None:
        """Ask by HTTP."""
        self.run("http.request", f"/liveblog/{slug}/poll/", method="GET", **self.head(query))

    def do(self, **action: Any) -> None:
        """Send an action through the WebSocket."""
        self.run("websocket.receive", "/liveblog/otters/stream/", text=json.dumps(action))

    def head(self, query: dict[str, int]) -> dict[str, Any]:
        """Return the content of a request or handshake."""
        query_string = "&".join(f"{name}={value}" for name, value in query.items()).encode()
        return {"query_string": query_string, "headers": [[b"host", b"localhost"], [b"cookie", self.cookie]]}

    def replies(self) -> list[dict[str, Any]]:
        """Return the messages since the last call."""
        found = []
        while (content := self.layer.receive([self.inbox])[1]) is not None:
            found.append(content)
        return found

    def frames(self) -> list[Payload]:
        """Return the payloads of the replies: WebSocket texts, or HTTP bodies."""
        return [
            json.loads(reply.get("text") or reply["content"])
            for reply in self.replies()
            if "text" in reply or "content" in reply
        ]
