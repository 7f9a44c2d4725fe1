"""Log lines that are written while a consumer runs have the fields of its message, from any code."""

import logging

import pytest

from towpath.auth import channel_session_user
from towpath.layers import Envelope
from towpath.layers.codec import pack
from towpath.layers.log_fields import fields_of
from towpath.log import ConnectionFilter
from towpath.routing import Router, route
from towpath.sessions import channel_session
from towpath.worker.run import Runner, RunOptions

project = logging.getLogger("a.project")
CONTENT = {"reply_channel": "interface.x!y", "path": "/chat/"}


def records_of(layer, caplog, consumer, content=CONTENT, session_state=None):
    caplog.set_level(logging.INFO)
    runner = Runner(layer, Router([route("websocket.receive", consumer)]), RunOptions(), lambda settlement: None)
    runner.run(Envelope("websocket.receive", content, 1, session_state))
    return caplog.records


@pytest.fixture
def written(layer, caplog):
    """Collect the fields of each line while it is written, as a handler does."""
    found = []

    class Handler(logging.Handler):
        def emit(self, record):
            found.append((record.getMessage(), fields_of(record)))

    handler = Handler()
    logging.getLogger().addHandler(handler)
    yield lambda consumer, **options: (records_of(layer, caplog, consumer, **options), found)[1]
    logging.getLogger().removeHandler(handler)


def test_a_line_of_the_project_and_one_of_the_worker_have_the_connection(written):
    def consumer(message):
        project.info("in a consumer")
        raise ValueError("wrong")

    request = {**CONTENT, "client": ["192.0.2.1", 5], "request_id": "a1"}
    fields = {"connection": "interface.x!y", "path": "/chat/", "client": "192.0.2.1:5", "request_id": "a1"}
    assert written(consumer, content=request) == [
        ("in a consumer", fields),
        ("A consumer of websocket.receive raised ValueError", fields),
    ]
    logging.getLogger("a.project").info("after it")
    assert written(lambda message: None)[-1] == ("after it", {})


def test_the_user_is_known_once_the_session_is_read_and_never_loaded_for_a_line(written, monkeypatch):
    monkeypatch.setattr("towpath.auth.users._load_user", lambda session: 1 / 0)
    monkeypatch.setattr("towpath.sessions.connection.session_key_for", str)

    @channel_session_user
    def consumer(message):
        project.info("before")
        message.channel_session.get("room")
        project.info("after")

    state = pack({"_auth_user_id": "17", "room": "a"})
    before, after = (fields for _, fields in written(consumer, session_state=state))
    assert "user" not in before
    assert after["user"] == "17"


def test_a_session_without_a_user_has_none(written):
    @channel_session
    def consumer(message):
        message.channel_session["room"] = "a"
        project.info("a line")

    assert "user" not in written(consumer)[0][1]


def test_a_message_that_is_of_no_connection_has_the_fields_that_it_has(written):
    assert written(lambda message: project.info("a line"), content={"client": "x", "path": 5}) == [
        ("a line", {"path": "5"})
    ]


def test_the_filter_for_handlers_of_the_project_sets_all_attributes(layer, caplog):
    caplog.handler.addFilter(ConnectionFilter())
    [record] = records_of(layer, caplog, lambda message: project.info("a line", extra={"user": "its own"}))
    assert (record.connection, record.path, record.user) == ("interface.x!y", "/chat/", "its own")
    assert (record.client, record.request_id, record.reason) == ("-", "-", "-")
