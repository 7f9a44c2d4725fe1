"""`towpath.WebSocketBridge` in a real browser: as a plain script, on other pages than the one it came with."""

from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.once

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
expect = sync_api.expect

BLOG = "/liveblog/lock-to-lock/"
SCRIPT = "/static/towpath/websocketbridge.js"

#: Connects to a blog, and keeps what happens in `told` and what arrives in `heard`; `until` waits for one of them.
#: (Playwright's own waiting compiles text in the page, which the policy of the site forbids.)
CONNECT = """(path) => {
  window.told = [];
  window.heard = [];
  const looks = new Set();
  const looking = (note) => (...seen) => { note(...seen); looks.forEach((look) => look()); };
  window.until = (condition) => new Promise((done, failed) => {
    const look = () => condition() && done();
    looks.add(look);
    look();
    setTimeout(() => failed(new Error(`waited for ${condition}: ${JSON.stringify({ told, heard })}`)), 40000);
  });
  window.bridge = new towpath.WebSocketBridge({ minReconnectionDelay: 100, restartSpread: 0 });
  for (const type of ["open", "close", "reconnecting", "end"])
    bridge.addEventListener(type, looking(({ type, code, isReconnect }) => told.push([type, code ?? isReconnect])));
  bridge.listen(looking((frame) => heard.push(frame)));
  window.answers = (kind) => heard.filter((frame) => frame.kind === kind).map(({ ref }) => ref);
  return bridge.connect(path);
}"""

#: Throws in the callback, whatever comes, and asks three questions.
BROKEN_CALLBACK = """() => {
  const listen = bridge.default_cb;
  bridge.listen((frame) => { listen(frame); throw new Error("mine"); });
  for (const ref of [0, 1, 2]) bridge.send({ do: "nothing", ref });
}"""

#: A page with two streams over one socket; the messages of each are shown in a list of its own.
STREAMS_PAGE = """<!doctype html><title>Streams</title><ol id="upper"></ol><ol id="count"></ol>
<script src="/static/towpath/websocketbridge.js"></script>
<script>
  const bridge = new channels.WebSocketBridge();
  bridge.connect("/streams/");
  bridge.listen();
  for (const name of ["upper", "count"])
    bridge.demultiplex(name, ({ text }, stream) => {
      const item = document.createElement("li");
      item.textContent = `${stream}: ${text}`;
      document.getElementById(name).append(item);
    });
  for (const word of ["heron", "kittiwake"]) {
    bridge.stream("upper").send({ word });
    bridge.stream("count").send({ word });
  }
</script>
"""

STREAMS_CONSUMERS = """
from towpath.generic.websockets import JsonWebsocketConsumer, WebsocketDemultiplexer

class Upper(JsonWebsocketConsumer):
    def connect(self, message, multiplexer, **kwargs):
        pass

    def receive(self, content, multiplexer, **kwargs):
        multiplexer.send({"text": content["word"].upper()})

class Count(JsonWebsocketConsumer):
    def connect(self, message, multiplexer, **kwargs):
        multiplexer.send({"text": "ready"})

    def receive(self, content, multiplexer, **kwargs):
        multiplexer.send({"text": str(len(content["word"]))})

class Streams(WebsocketDemultiplexer):
    consumers = {"upper": Upper, "count": Count}
"""

STREAMS_ROUTES = """
from towpath import route_class
from consumers import Streams
channel_routing = [route_class(Streams, path=r"^/streams/$")]
"""

STREAMS_URLS = """
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse(open("page.html").read()))]
"""


@pytest.fixture
def reader(window: Any) -> Any:
    """A window of a user who may chat, on a page that has no bridge of its own, with the script loaded."""
    page = window("/", login="reader")
    page.add_script_tag(url=SCRIPT)
    return page


@pytest.fixture
def streams(project: Any, free_port: int) -> Iterator[str]:
    """The address of a site whose one page talks to two consumers behind a demultiplexer."""
    project.write("page.html", STREAMS_PAGE)
    project.write("consumers.py", STREAMS_CONSUMERS)
    project.write("routes.py", STREAMS_ROUTES)
    project.write("urls.py", STREAMS_URLS)
    project.manage("runserver", "--noreload", str(free_port)).wait_for("Quit the server with CONTROL-C.")
    return f"http://127.0.0.1:{free_port}/"


def say(page: Any, *lines: str) -> list[bool]:
    """Send lines to the chat, each with itself as the reference of its answer; return what send() returned."""
    sends = "(lines) => lines.map((text) => bridge.send({ do: 'chat', text, ref: text }))"
    return list(page.evaluate(sends, lines))


def test_what_is_sent_while_the_interface_restarts_arrives_in_its_order(site, window, reader):
    watcher = window(BLOG)
    expect(watcher.locator("#state")).to_have_attribute("data-state", "live")
    reader.evaluate(CONNECT, f"{BLOG}stream/")
    assert say(reader, "Before the restart.") == [True]
    reader.evaluate("until(() => answers('done').length === 1)")
    lines = [f"Queued line {number}." for number in range(12)]

    site.stop_interface()
    try:
        reader.evaluate("until(() => bridge.state !== 'open')")
        assert say(reader, *lines) == [False] * len(lines)
        assert reader.evaluate("bridge.queuedMessages") == len(lines)
    finally:
        site.start_interface()

    reader.evaluate("until(() => answers('done').length === 13)")
    assert reader.evaluate("answers('done')") == ["Before the restart.", *lines]
    expect(watcher.locator("#lines .line .text", has_text="Queued line")).to_have_text(lines)
    told = reader.evaluate("told")
    assert told[:3] == [["open", False], ["close", 1012], ["reconnecting", 1012]]
    assert told[-1] == ["open", True]


def test_a_refusal_by_code_ends_it(reader):
    reader.evaluate(CONNECT, "/liveblog/no-such-blog/stream/")
    reader.evaluate("until(() => bridge.state === 'ended')")
    assert reader.evaluate("told") == [["open", False], ["close", 4404], ["end", 4404]]
    assert reader.evaluate("heard")[0]["text"] == "There is no such blog."


def test_close_closes_for_good(reader):
    reader.evaluate(CONNECT, f"{BLOG}stream/")
    reader.evaluate("bridge.close(4000, 'enough')")
    assert reader.evaluate("told") == [["open", False], ["close", 4000], ["end", 4000]]


def test_an_error_in_a_callback_is_the_pages_and_breaks_nothing(site, chromium):
    context = chromium.new_context(base_url=site.url)
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(error.message))
        page.goto("/")
        page.add_script_tag(url=SCRIPT)
        page.evaluate(CONNECT, f"{BLOG}stream/")
        page.evaluate(BROKEN_CALLBACK)
        page.evaluate("until(() => answers('refused').length === 3)")
        assert page.evaluate("answers('refused')") == [0, 1, 2]
        assert [error for error in errors if error != "mine"] == []
        assert len(errors) >= 3
    finally:
        context.close()


def test_one_socket_carries_several_streams(streams, chromium):
    context = chromium.new_context()
    try:
        page = context.new_page()
        sockets: list[Any] = []
        page.on("websocket", lambda socket: sockets.append(socket))
        page.goto(streams)
        expect(page.locator("#upper li")).to_have_text(["upper: HERON", "upper: KITTIWAKE"])
        expect(page.locator("#count li")).to_have_text(["count: ready", "count: 5", "count: 9"])
        assert len(sockets) == 1
        page.evaluate("bridge.stream('upper').send({ word: 'again' })")
        expect(page.locator("#upper li").last).to_have_text("upper: AGAIN")
    finally:
        context.close()
