"""No part of a password is in what is said about a Redis that cannot be used, however it was written."""

import traceback
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.layers.errors import ConfigurationError
from towpath.layers.redis import RedisChannelLayer
from towpath.layers.redis.hosts import parse_hosts

#: Three letters of it in a row are one too many.
SECRET = "Geheimnis"
SENTINELS: dict[str, Any] = {"sentinels": [("a", 26379)], "master_name": "mymaster"}


def said_about(hosts: Any, connection_kwargs: Any = None) -> str:
    """Return all that a person reads: the message, and the whole traceback without its source lines."""
    with pytest.raises(ConfigurationError) as caught:
        RedisChannelLayer(hosts=hosts, connection_kwargs=connection_kwargs)
    chain: list[str] = []
    error: BaseException | None = caught.value
    while error is not None:
        chain.append("".join(traceback.format_exception_only(error)))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(chain)


def has_part_of(secret: str, text: str) -> bool:
    return any(secret[start : start + 3] in text for start in range(len(secret) - 2))


@pytest.mark.parametrize(
    "mark", ["#", "/", "?", "[", "]", "/?", "#/", "?a=b&", "[x]", "\u2100", "@#", "@/", "@?", "@?a="]
)
@pytest.mark.parametrize("begin", ["Geh", "12", "@Geh"])
@pytest.mark.parametrize(
    "url", ["redis://:{}@cache:6379/0", "rediss://user:{}@cache/0", "unix://:{}@/run/redis.sock", "redis://{}@cache"]
)
def test_a_password_that_is_not_quoted_is_not_repeated(url: str, begin: str, mark: str) -> None:
    password = f"{begin}{mark}eimnis"
    try:
        label = parse_hosts([url.format(password)]).label
    except ConfigurationError:
        text = said_about([url.format(password)])
        assert not has_part_of(SECRET, text)
        assert "write %23" in text
    else:
        assert label == url.replace("user:", "").replace(":{}@", "").replace("{}@", "")


@given(st.text(st.characters(exclude_characters="\t\r\n", codec="utf-8"), min_size=3, max_size=20))
def test_a_quoted_password_is_used_and_hidden(password: str) -> None:
    host = parse_hosts([f"redis://:{quote(password, safe='')}@cache:6379/3"])
    assert host.label == "redis://cache:6379/3"
    assert host.pool().connection_kwargs["password"] == password


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=12))
def test_any_text_in_the_place_of_a_password_is_refused_or_used_as_it_is(noise: str) -> None:
    password = f"Geh{noise}eimnis"
    url = f"redis://:{password}@cache:6379/3"
    try:
        host = parse_hosts([url])
    except ConfigurationError:
        assert not has_part_of(SECRET, said_about([url]))
    else:
        assert host.label == "redis://cache:6379/3"
        assert host.pool().connection_kwargs["host"] == "cache"


@pytest.mark.parametrize(
    ("hosts", "connection_kwargs"),
    [
        ([b"redis://:Geheimnis@cache:6379/0"], None),
        ([("redis://:Geheimnis@cache", 6379)], None),
        ([("redis://:Geheimnis@cache", "6379")], None),
        ([("cache", 6379, "Geheimnis")], None),
        ([{"url": "redis://:Geheimnis@cache"}], None),
        ([{"address": b"redis://:Geheimnis@cache"}], None),
        ([{"address": "redis://:Geh#eimnis@cache"}], None),
        ([{"address": "redis://cache", "ssl_cert_reqs": "Geheimnis"}], None),
        (["rediss://:Geheimnis@cache:6379/0?ssl_cert_reqs=Geheimnis"], None),
        (["rediss://cache:6379/0"], {"ssl_cert_reqs": "Geheimnis"}),
        (["redis://cache:6379/0?db=Geheimnis"], None),
        (["redis://cache:6379/0?socket_timeout=Geheimnis"], None),
        (["redis://cache:6379/0?Passwort=Geheimnis"], None),
        (["redis://:Geheimnis@cache:99999/0"], None),
        (["redis://:Geheimnis@cache:6379/zero"], None),
        (["http://:Geheimnis@cache:6379/0"], None),
        ([":Geheimnis@cache:6379"], None),
        ([SENTINELS | {"sentinels": "redis://:Geheimnis@a"}], None),
        ([SENTINELS | {"sentinels": ["redis://:Geheimnis@a"]}], None),
        ([SENTINELS | {"sentinels": [("redis://:Geheimnis@a", 1)]}], None),
        ([SENTINELS | {"master_name": ["Geheimnis"]}], None),
        ([SENTINELS | {"Passwort": "Geheimnis"}], None),
        (["redis://cache"], "Geheimnis"),
        (["redis://cache"], ["Geheimnis"]),
        (["redis://cache"], {"credential_provider": object(), "password": "Geheimnis"}),
        ("redis://:Geheimnis@cache", None),
        ({"redis://:Geheimnis@cache"}, None),
    ],
)
def test_what_cannot_be_used_is_not_repeated(hosts: Any, connection_kwargs: Any) -> None:
    text = said_about(hosts, connection_kwargs)
    assert not has_part_of(SECRET, text), text


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        (["redis://:pa#ss@cache"], 'it has a "#"'),
        (["redis://:pa/ss@cache"], "its port is not a number"),
        (["redis://:12/34@cache"], "what follows its host is not the number of a database"),
        (["redis://:12?34@cache"], r'what follows its "\?" is not options, such as \?socket_timeout=10'),
        (["unix://run/redis.sock"], "a UNIX socket is written as unix:///path"),
        (["redis://cache?hosst=a"], "redis-py has no option 'hosst'"),
        (["rediss://cache?ssl_cert_reqs=all"], 'ssl_cert_reqs is "none", "optional" or "required"'),
        (["redis://cache?socket_timeout=x"], "its option 'socket_timeout' has a wrong value"),
        ([b"redis://cache"], "a host is a Redis URL.*; not a bytes"),
        ([("cache", "6379")], "a host is a Redis URL.*; not a tuple of str, str"),
        ([{"host": "cache"}], "a host as a dict has an address, or sentinels and a master_name; this one has host"),
    ],
)
def test_the_reason_says_what_to_write(hosts: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parse_hosts(hosts)


def test_options_of_a_url_are_not_in_its_label() -> None:
    host = parse_hosts(["redis://cache:6379/0?password=Geheimnis&client_name=towpath"])
    assert host.label == "redis://cache:6379/0"
    assert host.pool().connection_kwargs["client_name"] == "towpath"
    assert str(RedisChannelLayer(hosts=["redis://cache/0?password=Geheimnis"])).count("Geheimnis") == 0


@pytest.mark.parametrize("address", ["redis://cache:6379/0", ("cache", 6379)])
def test_a_dict_with_an_address_holds_options_beside_it(address: Any) -> None:
    host = parse_hosts([{"address": address, "password": SECRET}], {"client_name": "towpath"})
    assert host.label == "redis://cache:6379/0"
    assert SECRET not in repr(host)
    found = host.pool().connection_kwargs
    assert (found["password"], found["client_name"], found["socket_timeout"]) == (SECRET, "towpath", 15.0)
