"""Channel sessions that travel with their connection or live in an engine, and the browser's session on messages."""

import hashlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from towpath.channels import ConsumeLater, Message
from towpath.layers.errors import ConfigurationError, EncodeError, MessageTooLarge
from towpath.sessions import (
    channel_and_http_session,
    channel_session,
    enforce_ordering,
    http_session,
    session_for_reply_channel,
)
from towpath.sessions.keys import channel_session_store, session_key_for

ENGINES = [f"django.contrib.sessions.backends.{name}" for name in ("db", "cache", "cached_db", "file")]
MakeMessage = Callable[..., Message]


@pytest.fixture
def event(layer: Any) -> MakeMessage:
    """Make an event of one connection, with the state its last event left."""

    def make(before: Message | None = None, **content: Any) -> Message:
        state = None if before is None else before.session_state
        content = {"reply_channel": "interface.one!1", **content}
        return Message(content, "websocket.receive", layer, turn=1, session_state=state)

    return make


def stored(engine: str, key: str) -> dict[str, Any]:
    return dict(channel_session_store(engine)(session_key=key).load())


@channel_session
def count(message: Any) -> int:
    message.channel_session["count"] = message.channel_session.get("count", 0) + 1
    return int(message.channel_session["count"])


def test_the_session_travels_from_event_to_event(event: MakeMessage) -> None:
    first = event()
    assert count(first) == 1
    second = event(first)
    assert count(second) == 2
    assert second.session_state_changed


def test_an_unmodified_session_is_not_sent_back(event: MakeMessage) -> None:
    @channel_session
    def look(message: Any) -> Any:
        return message.channel_session.get("count")

    before = event()
    count(before)
    message = event(before)
    assert look(message) == 1
    assert not message.session_state_changed


def test_every_kind_of_value_that_a_message_can_hold_is_kept(event: MakeMessage) -> None:
    values = {"text": "æ", "bytes": b"\xff", "int": 1, "float": 1.5, "true": True, "none": None, "list": [{"a": 1}]}

    @channel_session
    def store(message: Any) -> None:
        message.channel_session.update(values)

    @channel_session
    def load(message: Any) -> Any:
        return dict(message.channel_session.items())

    message = event()
    store(message)
    assert load(event(message)) == values


def test_the_session_is_a_session(event: MakeMessage) -> None:
    @channel_session
    def use(message: Any) -> None:
        session = message.channel_session
        assert session.is_empty()
        assert not session.accessed or not session.modified
        assert session.setdefault("a", 1) == 1
        assert ("a" in session, session["a"], session.pop("a"), session.pop("a", 2)) == (True, 1, 1, 2)
        session["b"] = 3
        assert (list(session.keys()), list(session.values()), session.has_key("b")) == (["b"], [3], True)
        del session["b"]
        with pytest.raises(KeyError):
            session["b"]
        session.set_expiry(10)
        assert session.get_expiry_age() == 10

    use(event())


def test_the_session_key_is_that_of_the_connection(event: MakeMessage) -> None:
    @channel_session
    def key(message: Any) -> Any:
        before = message.channel_session.session_key
        message.channel_session["a"] = 1
        message.channel_session.cycle_key()
        assert message.channel_session["a"] == 1
        message.channel_session.flush()
        assert message.channel_session.session_key == before
        return before

    one = key(event())
    assert (len(one), one[:3]) == (40, "chn")
    assert one == key(event()) != key(event(reply_channel="interface.one!2"))


def test_a_flushed_session_is_cleared_for_the_next_event(event: MakeMessage) -> None:
    @channel_session
    def flush(message: Any) -> None:
        message.channel_session.flush()

    first = event()
    count(first)
    second = event(first)
    flush(second)
    assert second.session_state_changed
    assert second.session_state is None
    assert count(event(second)) == 1


def test_the_session_is_saved_when_the_consumer_raises(event: MakeMessage) -> None:
    @channel_session
    def later(message: Any) -> None:
        message.channel_session["tried"] = True
        raise ConsumeLater

    message = event()
    with pytest.raises(ConsumeLater):
        later(message)
    assert message.session_state_changed


def test_nested_decorators_share_one_session(event: MakeMessage) -> None:
    @channel_session
    @enforce_ordering
    @channel_session
    def inner(message: Any) -> Any:
        return count(message)

    message = event()
    assert inner(message) == 1
    assert count(event(message)) == 2


def test_methods_and_classes_can_be_decorated(event: MakeMessage) -> None:
    class Chat:
        @channel_session
        def receive(self, message: Any, room: str) -> Any:
            return room, message.channel_session.get("count", 0)

    @channel_session
    class Consumer:
        """A class that is a consumer."""

        def __init__(self, message: Any, **kwargs: Any) -> None:
            message.channel_session["kwargs"] = kwargs

        @classmethod
        def channel_names(cls) -> set[str]:
            return {cls.__name__}

    assert Chat().receive(event(), room="lobby") == ("lobby", 0)
    message = event()
    assert isinstance(Consumer(message, room="lobby"), Consumer)
    assert message.session_state_changed
    assert Consumer.channel_names() == {"Consumer"}


def test_a_call_without_a_message_says_so() -> None:
    with pytest.raises(ValueError, match="count was called without a Message"):
        count("not a message")


def test_a_message_without_a_reply_channel_has_no_session(event: MakeMessage) -> None:
    with pytest.raises(ValueError, match="no reply_channel"):
        count(event(reply_channel=None))


def test_what_cannot_travel_is_an_error_that_names_the_key(event: MakeMessage) -> None:
    @channel_session
    def store(message: Any, value: Any) -> None:
        message.channel_session["thing"] = value

    with pytest.raises(EncodeError, match=r"channel session .*\['thing'\] is of type object"):
        store(event(), object())
    with pytest.raises(MessageTooLarge):
        store(event(), "x" * 70_000)


def test_a_damaged_state_starts_anew(layer: Any, caplog: Any) -> None:
    message = Message({"reply_channel": "interface.one!1"}, "websocket.receive", layer, 1, b"\xc1 nonsense")
    assert count(message) == 1
    assert "damaged" in caplog.text


def test_a_session_where_no_state_travels_is_warned_about(layer: Any, caplog: Any) -> None:
    count(Message({"reply_channel": "interface.one!1"}, "chat.receive", layer))
    assert "CHANNEL_SESSION_ENGINE" in caplog.text


def test_there_is_no_stored_session_without_an_engine() -> None:
    with pytest.raises(ConfigurationError, match="CHANNEL_SESSION_ENGINE"):
        session_for_reply_channel("interface.one!1")


@override_settings(CHANNEL_SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
def test_an_engine_that_needs_cookies_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no cookies"):
        session_for_reply_channel("interface.one!1")


@pytest.fixture(params=ENGINES)
def engine(request: Any, database: None, tmp_path: Any) -> Iterator[str]:
    with override_settings(CHANNEL_SESSION_ENGINE=request.param, SESSION_FILE_PATH=str(tmp_path)):
        import_module(ENGINES[3]).SessionStore._storage_path = str(tmp_path)
        yield request.param
        import_module(ENGINES[1]).SessionStore()._cache.clear()


def test_an_engine_keeps_the_session_where_others_can_read_it(engine: str, event: MakeMessage) -> None:
    message = event()
    assert [count(event()), count(event()), count(message)] == [1, 2, 3]
    assert not message.session_state_changed
    session = session_for_reply_channel("interface.one!1")
    assert session["count"] == 3
    assert stored(engine, str(session.session_key)) == {"count": 3}


def test_the_key_of_a_session_does_not_follow_from_the_name_of_its_reply_channel() -> None:
    name = "interface.one!1"
    digests = [hashlib.new(algorithm, name.encode()).hexdigest() for algorithm in ("sha1", "sha256", "md5")]
    key = session_key_for(name)
    assert not any(digest[:20] in key for digest in digests)
    with override_settings(SECRET_KEY="another"):
        assert session_key_for(name) != key


def test_a_channel_session_is_never_the_session_of_a_browser(engine: str, event: MakeMessage) -> None:
    @channel_session
    def log_in(message: Any) -> None:
        message.channel_session["_auth_user_id"] = "1"

    log_in(event())
    key = session_key_for("interface.one!1")
    assert stored(engine, key) == {"_auth_user_id": "1"}
    assert dict(import_module(engine).SessionStore(session_key=key).items()) == {}
    with override_settings(SESSION_ENGINE=engine, TOWPATH_SESSION_KEY_IN_QUERY=True):
        for content in (
            {"headers": [[b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode()]]},
            {"query_string": f"session_key={key}".encode()},
        ):
            assert found(event(**content)) is None


def test_a_session_of_a_browser_is_never_a_channel_session(engine: str, event: MakeMessage) -> None:
    session = import_module(engine).SessionStore(session_key=session_key_for("interface.one!1"))
    session["count"] = 40
    session.save(must_create=True)
    assert count(event()) == 1


@http_session
def found(message: Any) -> Any:
    return message.http_session


def test_an_emptied_session_is_removed_from_its_engine(engine: str, event: MakeMessage) -> None:
    @channel_session
    def empty(message: Any, how: Any) -> None:
        how(message.channel_session)

    for how in (lambda session: session.flush(), lambda session: session.pop("count")):
        count(event())
        empty(event(), how)
        assert not channel_session_store(engine)().exists(session_for_reply_channel("interface.one!1").session_key)


def test_a_session_in_an_engine_keeps_its_key(engine: str, event: MakeMessage) -> None:
    @channel_session
    def cycle(message: Any) -> None:
        message.channel_session["more"] = 1
        message.channel_session.cycle_key()

    count(event())
    cycle(event())
    assert dict(session_for_reply_channel("interface.one!1").items()) == {"count": 1, "more": 1}


def test_two_consumers_that_make_a_session_at_once_both_save_it(
    database: None, event: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = import_module(ENGINES[0]).SessionStore
    save = store.save
    faster = []

    def save_second(session: Any, must_create: bool = False) -> None:
        if must_create and not faster:  # now somebody else makes the row
            faster.append(session)
            save(session, must_create=True)
        save(session, must_create=must_create)

    with override_settings(CHANNEL_SESSION_ENGINE=ENGINES[0]):
        monkeypatch.setattr(store, "save", save_second)
        assert count(event()) == 1
        assert faster
        assert count(event()) == 2


def test_a_travelling_session_can_be_created_anew_and_asked_for(event: MakeMessage) -> None:
    @channel_session
    def renew(message: Any) -> Any:
        session = message.channel_session
        known = session.exists(session.session_key), session.exists("another")
        session.create()
        session["fresh"] = session._session_key == session.session_key
        return known

    first = event()
    count(first)
    second = event(first)
    assert renew(second) == (True, False)
    assert count(event(second)) == 1


def test_a_session_that_is_not_used_is_not_loaded(event: MakeMessage) -> None:
    @channel_session
    def idle(message: Any) -> str:
        return "nothing"

    with override_settings(CHANNEL_SESSION_ENGINE="no.such.engine"):
        assert idle(event()) == "nothing"


@pytest.fixture
def browser(database: None) -> Any:
    """A session in the database, as a browser's login leaves it."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["name"] = "anna"
    session.create()
    session["name"] = "anna"
    session.save()
    return session


def with_cookie(session: Any) -> dict[str, Any]:
    return {"headers": [[b"cookie", f"a=b; {settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]}


@http_session
def name(message: Any) -> Any:
    return message.http_session and message.http_session.get("name")


def test_the_http_session_is_found_by_its_cookie(browser: Any, event: MakeMessage) -> None:
    assert name(event(**with_cookie(browser))) == "anna"


def test_the_http_session_is_not_found_by_the_query_string_unless_asked_for(browser: Any, event: MakeMessage) -> None:
    query = f"session_key={browser.session_key}".encode()
    assert name(event(query_string=query)) is None
    with override_settings(TOWPATH_SESSION_KEY_IN_QUERY=True):
        assert name(event(query_string=query)) == "anna"
        assert name(event(query_string=query, headers=[[b"cookie", b"a=b"]])) == "anna"


@pytest.mark.parametrize("is_allowed", [False, True])
def test_the_cookie_comes_before_the_query_string(browser: Any, event: MakeMessage, is_allowed: bool) -> None:
    other = import_module(settings.SESSION_ENGINE).SessionStore()
    other["name"] = "mallory"
    other.save(must_create=True)
    query = f"session_key={other.session_key}".encode()
    with override_settings(TOWPATH_SESSION_KEY_IN_QUERY=is_allowed):
        assert name(event(query_string=query, **with_cookie(browser))) == "anna"


def test_without_a_cookie_there_is_no_http_session(event: MakeMessage) -> None:
    assert name(event()) is None
    assert name(event(headers=[[b"cookie", b"a=b"]])) is None


def rows() -> int:
    from django.contrib.sessions.models import Session

    return int(Session.objects.count())


@http_session
def rename(message: Any) -> None:
    message.http_session["name"] = "berta"
    if message.get("fail"):
        raise LookupError


def test_a_change_is_saved_also_when_the_consumer_raises(browser: Any, event: MakeMessage) -> None:
    with pytest.raises(LookupError):
        rename(event(fail=True, **with_cookie(browser)))
    assert name(event(**with_cookie(browser))) == "berta"


def test_an_http_session_is_never_created(browser: Any, event: MakeMessage, caplog: Any) -> None:
    cookie = with_cookie(browser)
    browser.delete()
    rename(event(**cookie))
    assert rows() == 0
    assert "dropped" in caplog.text


def test_an_http_session_that_ends_while_it_is_used_stays_ended(browser: Any, event: MakeMessage) -> None:
    @http_session
    def use(message: Any) -> None:
        message.http_session["name"] = "berta"
        browser.delete()

    use(event(**with_cookie(browser)))
    assert rows() == 0


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
def test_a_session_in_a_cookie_is_read_and_a_change_of_it_is_warned_of(event: MakeMessage, caplog: Any) -> None:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["name"] = "anna"
    session.save()
    assert name(event(**with_cookie(session))) == "anna"
    assert caplog.text == ""
    rename(event(**with_cookie(session)))
    assert "dropped: it is kept in a cookie" in caplog.text


def test_both_sessions_are_there_on_later_events(browser: Any, event: MakeMessage) -> None:
    @channel_and_http_session
    def both(message: Any) -> Any:
        return message.http_session and message.http_session["name"]

    connect = event(**with_cookie(browser))
    assert both(connect) == "anna"
    assert both(event(connect)) == "anna"
    assert both(event()) is None


def test_a_change_on_a_later_event_is_saved(browser: Any, event: MakeMessage) -> None:
    @channel_and_http_session
    def both(message: Any) -> None:
        message.http_session["name"] = "later"

    connect = event(**with_cookie(browser))
    both(connect)
    browser["name"] = "between"
    browser.save()
    both(event(connect))
    assert name(event(**with_cookie(browser))) == "later"


def test_ordering_is_a_name_that_does_no_harm(event: MakeMessage) -> None:
    @enforce_ordering
    def bare(message: Any) -> Any:
        return message.channel_session.get("a")

    @enforce_ordering()
    def called(message: Any) -> Any:
        return message.channel_session.get("a")

    assert (bare(event()), called(event())) == (None, None)
    with pytest.raises(ValueError, match="slight"):
        enforce_ordering(slight=True)
