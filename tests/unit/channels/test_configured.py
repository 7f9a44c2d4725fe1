"""The layers that CHANNEL_LAYERS describes."""

import copy
import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.test import override_settings

from towpath.channels import (
    Channel,
    ChannelLayerManager,
    ConfiguredLayer,
    Group,
    InvalidChannelLayerError,
    channel_layers,
    get_channel_layer,
)
from towpath.channels import configured as configured_module
from towpath.layers.errors import BadPosition


@pytest.fixture
def configure(backend_path):
    """Return a function that overrides one entry of CHANNEL_LAYERS until the test ends."""
    active = []

    def change(**entry):
        entry = {"BACKEND": backend_path, "ROUTING": [], **entry}
        entry = {key: value for key, value in entry.items() if value is not ...}
        override = override_settings(CHANNEL_LAYERS={"default": entry})
        override.enable()
        active.append(override)
        return ChannelLayerManager()

    yield change
    for override in reversed(active):
        override.disable()


def test_a_layer_is_built_once_at_first_use(configure):
    manager = configure(CONFIG={"capacity": 7}, ROUTING="mysite.routing.routes")
    layer = manager["default"]
    assert layer is manager["default"]
    assert layer.capacity == 7
    assert (layer.alias, layer.routing) == ("default", "mysite.routing.routes")
    assert str(layer).startswith("default (towpath.layers.memory.")


def test_an_alias_is_in_the_settings_or_was_set(configure, layer):
    manager = configure()
    assert "default" in manager
    assert "other" not in manager
    manager.set("other", ConfiguredLayer(layer, "other"))
    assert "other" in manager


def test_without_the_setting_there_are_no_layers():
    manager = ChannelLayerManager()
    assert "default" not in manager
    with pytest.raises(InvalidChannelLayerError, match="has no layer 'default'"):
        manager["default"]


def test_setting_a_layer_returns_the_one_before(configure, layer):
    manager = configure()
    built = manager["default"]
    mine = ConfiguredLayer(layer)
    assert manager.set("default", mine) is built
    assert manager["default"] is mine
    assert manager.set("default", None) is mine
    assert manager["default"] is not mine


def test_a_layer_for_tests_has_its_own_options(configure):
    manager = configure(CONFIG={"capacity": 7}, TEST_CONFIG={"capacity": 9})
    assert manager.make_backend("default").capacity == 7
    assert manager.make_test_backend("default").capacity == 9
    assert manager.make_backend("default") is not manager["default"]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"BACKEND": ...}, "has no BACKEND"),
        ({"ROUTING": ...}, "has no ROUTING"),
        ({"CONFIGURATION": {}}, "unknown key 'CONFIGURATION'"),
        ({"CONFIG": []}, r"\['CONFIG'\] is a dict of options"),
        ({"BACKEND": "nowhere.Layer"}, "cannot import 'nowhere.Layer'"),
        ({"BACKEND": "nodots"}, "cannot import 'nodots'"),
        ({"BACKEND": None}, "cannot import None"),
        ({"CONFIG": {"no_such_option": 1}}, r"\['CONFIG'\].*no_such_option"),
    ],
)
def test_a_wrong_entry_names_the_key(configure, entry, text):
    with pytest.raises(InvalidChannelLayerError, match=text):
        configure(**entry)["default"]


def test_an_entry_that_is_not_a_dict_is_refused():
    with override_settings(CHANNEL_LAYERS={"default": "redis"}):
        with pytest.raises(InvalidChannelLayerError, match="is a dict with BACKEND and ROUTING"):
            ChannelLayerManager()["default"]


def test_a_layer_for_tests_needs_test_config(configure):
    with pytest.raises(InvalidChannelLayerError, match="has no TEST_CONFIG"):
        configure().make_test_backend("default")


def test_the_wrapper_passes_through_and_says_whether_it_is_local(configure, layer):
    assert configure()["default"].local_only()
    wrapper = ConfiguredLayer(layer)
    assert not wrapper.local_only()
    wrapper.group_add("g", "a")
    assert layer.group_channels("g") == ["a"]
    assert copy.copy(wrapper).channel_layer is layer
    with pytest.raises(AttributeError):
        _ = wrapper.no_such_name


def test_channels_and_groups_find_their_layer_by_alias(layer, other_layer):
    wrapped = ConfiguredLayer(layer), ConfiguredLayer(other_layer)
    before = channel_layers.set("default", wrapped[0]), channel_layers.set("b", wrapped[1])
    try:
        Channel("x").send({"n": 1})
        Channel("x", alias="b").send({"n": 2})
        Group("g", "b").add("member")
        assert [send.content for send in layer.sent] == [{"n": 1}]
        assert [send.content for send in other_layer.sent] == [{"n": 2}]
        assert other_layer.group_channels("g") == ["member"]
    finally:
        channel_layers.set("default", before[0])
        channel_layers.set("b", before[1])


def test_get_channel_layer_sets_django_up_and_returns_the_layer_itself(layer, monkeypatch):
    calls = []
    monkeypatch.setattr(configured_module.django, "setup", lambda set_prefix: calls.append(set_prefix))
    before = channel_layers.set("default", ConfiguredLayer(layer))
    try:
        assert get_channel_layer() is layer
    finally:
        channel_layers.set("default", before)
    assert calls == [False]


@pytest.fixture
def memory_layer(configure, monkeypatch):
    """A memory layer of the settings, in a process that is not a test run."""
    monkeypatch.delattr(mail, "outbox", raising=False)
    return configure(BACKEND="towpath.layers.memory.MemoryChannelLayer")["default"]


UNSERVED = "this process runs neither a worker nor an interface server: what is sent here reaches no client"


@pytest.mark.parametrize(
    "use",
    [
        lambda layer: Channel("jobs", channel_layer=layer).send({}),
        lambda layer: Channel("jobs", channel_layer=layer).send({}, immediately=True),
        lambda layer: Channel("jobs", channel_layer=layer).send({}, delay=timedelta(hours=1)),
        lambda layer: Group("room", channel_layer=layer).send({"text": "x"}),
        lambda layer: Group("room", channel_layer=layer).add("interface.x!y"),
        lambda layer: layer.group_channels("room"),
    ],
)
def test_a_memory_layer_that_no_part_of_the_process_serves_warns_once(memory_layer, caplog, use):
    use(memory_layer)
    use(memory_layer)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith(f"CHANNEL_LAYERS['default'] is a memory layer, and {UNSERVED}. Use towpath.layers")


@pytest.mark.parametrize("serve", [lambda layer: layer.reader(["jobs"]), lambda layer: layer.edge()])
def test_a_memory_layer_that_this_process_serves_does_not_warn(memory_layer, caplog, serve):
    serve(memory_layer)
    Channel("jobs", channel_layer=memory_layer).send({})
    assert caplog.records == []


def test_a_memory_layer_does_not_warn_in_a_test_run(memory_layer, caplog, monkeypatch):
    monkeypatch.setattr(mail, "outbox", [], raising=False)
    Channel("jobs", channel_layer=memory_layer).send({})
    assert caplog.records == []


@pytest.fixture
def sign_with(monkeypatch):
    """Return a function that sets SECRET_KEY and its fallbacks."""

    def change(key, *fallbacks):
        keys = SimpleNamespace(SECRET_KEY=key, SECRET_KEY_FALLBACKS=[*fallbacks])
        monkeypatch.setattr(configured_module, "settings", keys)

    return change


def group_with_history(configure, **config):
    config = {"group_history": {"room": {"messages": 10, "seconds": 60}}, **config}
    layers = configure(BACKEND="towpath.layers.memory.MemoryChannelLayer", CONFIG=config)
    return Group("room", channel_layer=layers["default"])


def test_positions_are_signed_with_the_secret_key_and_verified_with_its_fallbacks(configure, sign_with):
    group = group_with_history(configure)
    sign_with("old")
    position = group.position()
    sign_with("new", "old")
    assert not group.history(since=position).has_gap
    sign_with("new")
    with pytest.raises(BadPosition, match="not signed for group 'room'"):
        group.history(since=position)


def test_keys_of_positions_in_config_take_the_place_of_the_secret_key(configure, sign_with):
    group = group_with_history(configure, position_keys=["a key"])
    sign_with("old")
    position = group.position()
    sign_with("new")
    assert group.history(since=position).position == position
