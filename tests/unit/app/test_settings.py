"""The Django settings that Towpath reads."""

from types import SimpleNamespace
from typing import Any

import pytest

from towpath.channels.configured import LayerSettings
from towpath.layers.errors import ConfigurationError
from towpath.settings import find_problems, read_settings

GOOD_LAYER = {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": "site.routing.routes"}


def source(**settings: Any) -> SimpleNamespace:
    return SimpleNamespace(**settings)


def test_a_project_without_our_settings_is_fine_and_has_no_layers() -> None:
    settings = read_settings(source())
    assert dict(settings.channel_layers) == {}
    assert settings.session_engine is None
    assert settings.ws_protocols == ()
    assert settings.script_name == ""
    assert settings.allowed_origins is None


def test_everything_that_is_set_is_read() -> None:
    settings = read_settings(
        source(
            CHANNEL_LAYERS={"default": {**GOOD_LAYER, "CONFIG": {"capacity": 5}, "TEST_CONFIG": {}}},
            CHANNEL_SESSION_ENGINE="django.contrib.sessions.backends.cache",
            CHANNELS_WS_PROTOCOLS=["wamp", "graphql-ws"],
            FORCE_SCRIPT_NAME="/app/",
            CHANNELS_WS_ALLOWED_ORIGINS=["https://example.com", ".example.org", "file://", "null"],
        )
    )
    layer = LayerSettings(GOOD_LAYER["BACKEND"], GOOD_LAYER["ROUTING"], {"capacity": 5}, {})
    assert settings.channel_layers == {"default": layer}
    assert settings.session_engine == "django.contrib.sessions.backends.cache"
    assert settings.ws_protocols == ("wamp", "graphql-ws")
    assert settings.script_name == "/app"
    assert settings.allowed_origins == ("https://example.com", ".example.org", "file://", "null")


def test_a_star_allows_all_origins() -> None:
    assert read_settings(source(CHANNELS_WS_ALLOWED_ORIGINS=["a.example", "*"])).allowed_origins == "*"


def test_a_layer_without_test_config_differs_from_one_with_an_empty_one() -> None:
    settings = read_settings(source(CHANNEL_LAYERS={"default": GOOD_LAYER}))
    assert settings.channel_layers["default"].test_config is None


@pytest.mark.parametrize("routing", ["site.routing.routes", [], ("x",), {"http.request": "site.views.handle"}])
def test_routing_may_be_a_path_a_list_or_a_dict(routing: Any) -> None:
    assert not list(find_problems(source(CHANNEL_LAYERS={"default": {**GOOD_LAYER, "ROUTING": routing}})))


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"CHANNEL_LAYERS": ["default"]}, "CHANNEL_LAYERS"),
        ({"CHANNEL_LAYERS": {"default": "redis"}}, "CHANNEL_LAYERS['default']"),
        ({"CHANNEL_LAYERS": {"default": {"ROUTING": "a.b"}}}, "CHANNEL_LAYERS['default']"),
        ({"CHANNEL_LAYERS": {"default": {"BACKEND": "a.B"}}}, "CHANNEL_LAYERS['default']"),
        ({"CHANNEL_LAYERS": {"default": {**GOOD_LAYER, "CONFIG": []}}}, "CHANNEL_LAYERS['default']['CONFIG']"),
        ({"CHANNEL_LAYERS": {"default": {**GOOD_LAYER, "CONFG": {}}}}, "CHANNEL_LAYERS['default']"),
        ({"CHANNEL_SESSION_ENGINE": 3}, "CHANNEL_SESSION_ENGINE"),
        ({"CHANNELS_WS_PROTOCOLS": "wamp"}, "CHANNELS_WS_PROTOCOLS"),
        ({"CHANNELS_WS_PROTOCOLS": ["ok", "not ok"]}, "CHANNELS_WS_PROTOCOLS[1]"),
        ({"CHANNELS_WS_PROTOCOLS": ["ok\n"]}, "CHANNELS_WS_PROTOCOLS[0]"),
        ({"FORCE_SCRIPT_NAME": "app"}, "FORCE_SCRIPT_NAME"),
        ({"CHANNELS_WS_ALLOWED_ORIGINS": "https://example.com"}, "CHANNELS_WS_ALLOWED_ORIGINS"),
        ({"CHANNELS_WS_ALLOWED_ORIGINS": ["a.example", "https://b.example/path"]}, "CHANNELS_WS_ALLOWED_ORIGINS[1]"),
        ({"CHANNELS_WS_ALLOWED_ORIGINS": ["http://"]}, "CHANNELS_WS_ALLOWED_ORIGINS[0]"),
        ({"CHANNELS_WS_ALLOWED_ORIGINS": [None]}, "CHANNELS_WS_ALLOWED_ORIGINS[0]"),
        ({"FORCE_SCRIPT_NAME": b"/app"}, "FORCE_SCRIPT_NAME"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_key(settings: dict[str, Any], key: str) -> None:
    [problem] = find_problems(source(**settings))
    assert problem.text.startswith(f"{key} ")
    with pytest.raises(ConfigurationError) as caught:
        read_settings(source(**settings))
    assert str(caught.value) == str(problem)


def test_every_problem_is_found_not_only_the_first() -> None:
    problems = find_problems(source(CHANNEL_LAYERS={"a": {}, "b": GOOD_LAYER}, FORCE_SCRIPT_NAME="x"))
    assert [problem.text.split()[0] for problem in problems] == ["CHANNEL_LAYERS['a']", "FORCE_SCRIPT_NAME"]


@pytest.mark.parametrize("alias", [None, "default", "replica"])
def test_sends_may_wait_for_one_of_the_databases(alias: str | None) -> None:
    assert not list(find_problems(source(TOWPATH_ON_COMMIT=alias, DATABASES={"replica": {}})))


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_whether_the_query_string_names_a_session_is_true_or_false(value):
    assert not list(find_problems(source(TOWPATH_SESSION_KEY_IN_QUERY=True)))
    [problem] = find_problems(source(TOWPATH_SESSION_KEY_IN_QUERY=value))
    assert f"TOWPATH_SESSION_KEY_IN_QUERY is {value!r}" in problem.text


@pytest.mark.parametrize("alias", ["unknown", 1, ["default"], True])
def test_sends_cannot_wait_for_anything_else(alias: Any) -> None:
    [problem] = find_problems(source(TOWPATH_ON_COMMIT=alias, DATABASES={"default": {}}))
    assert "TOWPATH_ON_COMMIT is" in problem.text
    assert "one of DATABASES" in problem.hint


@pytest.mark.parametrize(
    "layers",
    [
        ["redis://:secret@cache"],
        {"default": "redis://:secret@cache"},
        {"default": {**GOOD_LAYER, "CONFIG": ["redis://:secret@cache"]}},
        {"default": {**GOOD_LAYER, "CONFIG": "redis://:secret@cache"}},
        {"default": {**GOOD_LAYER, "TEST_CONFIG": [{"password": "secret"}]}},
    ],
)
def test_a_layer_of_the_wrong_shape_is_not_repeated_with_its_password(layers):
    (problem,) = find_problems(source(CHANNEL_LAYERS=layers))
    assert "secret" not in str(problem)
