"""The migration of a Python file. Each case: the text of 1.x, the text here, and the advice."""

import ast
import textwrap
from collections.abc import Iterable

import pytest
from django.utils.module_loading import import_string

from towpath.migrate import names, reexports
from towpath.migrate.module import migrate_module


def migrated(source: str) -> str:
    """Rewrite a text; nothing is left to a person, and a second run finds nothing to do."""
    outcome = migrate_module(textwrap.dedent(source))
    assert outcome.findings == ()
    assert ast.parse(outcome.new)
    again = migrate_module(outcome.new)
    assert (again.new, again.findings) == (outcome.new, ())
    return outcome.new


def told(source: str) -> list[tuple[int, str]]:
    """Return the messages after a rewrite; a second rewrite has the same."""
    first = migrate_module(textwrap.dedent(source))
    again = migrate_module(first.new)
    assert not again.is_changed
    assert sorted(f.what for f in again.findings) == sorted(f.what for f in first.findings)
    return [(finding.line, finding.what) for finding in again.findings]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from channels import Group, Channel\n", "from towpath import Group, Channel\n"),
        ("from channels import route as r  # mine\n", "from towpath import route as r  # mine\n"),
        ("import os, channels\n", "import os, towpath\n"),
        ("import channels as c\nc.Group('x')\n", "import towpath as c\nc.Group('x')\n"),
        ("import channels\nchannels.Group('x').send({})\n", "import towpath\ntowpath.Group('x').send({})\n"),
        ("import channels.auth\nchannels.auth.transfer_user(a, b)\n", None),
        ("import channels.test\nclass T(channels.test.ChannelTestCase): pass\n", None),
        ("from channels import test\ntest.WSClient()\n", "from towpath import testing as test\ntest.WSClient()\n"),
        (
            "from asgiref import inmemory\ninmemory.ChannelLayer()\n",
            "from towpath.layers import memory as inmemory\ninmemory.MemoryChannelLayer()\n",
        ),
        ("from channels.tests import HttpClient\n", "from towpath.testing import HttpClient\n"),
        ("from channels.utils import name_that_thing as n\n", "from towpath.routing import name_of as n\n"),
        ("from channels.utils import name_that_thing\n", "from towpath.routing import name_of as name_that_thing\n"),
        ("from channels.generic.websockets import *\n", "from towpath.generic.websockets import *\n"),
        ("from asgi_redis import RedisChannelLayer\n", "from towpath.layers.redis import RedisChannelLayer\n"),
        ("import asgi_redis\nx = asgi_redis.RedisChannelLayer()\n", None),
        (
            "from asgiref.inmemory import ChannelLayer\n",
            "from towpath.layers.memory import MemoryChannelLayer as ChannelLayer\n",
        ),
        (
            "try:\n    import channels\nexcept ImportError:\n    channels = None\nif channels: channels.Group('x')\n",
            None,
        ),
        (
            "import channels\ndef f(channels, x=channels):\n    return channels.Group, g().channels, g(channels=1)\n",
            "import towpath\ndef f(channels, x=towpath):\n    return channels.Group, g().channels, g(channels=1)\n",
        ),
        ("import channels.auth as auth\n@auth.http_session_user\ndef f(message): pass\n", None),
        (
            "from channels.generic.websockets import BaseConsumer, JsonWebsocketConsumer, Group\n",
            "from towpath.generic.base import BaseConsumer\n"
            "from towpath.generic.websockets import JsonWebsocketConsumer\n"
            "from towpath.channel import Group\n",
        ),
        ("from channels.sessions import ConsumeLater\n", "from towpath.exceptions import ConsumeLater\n"),
        (
            "from channels.test.base import InMemoryChannelLayer\n",
            "from towpath.layers.memory import MemoryChannelLayer as InMemoryChannelLayer\n",
        ),
        (
            "from channels.management.commands import runserver\nclass C(runserver.Command): pass\n",
            "from towpath.management.commands import runserver\nclass C(runserver.Command): pass\n",
        ),
        ("def f(m: 'Message') -> None:\n    import channels.message\n    x: channels.message.Message = m\n", None),
        ("if (group := __import__('x')):\n    from channels import (Group)\n    f'{Group}'\n", None),
    ],
)
def test_imports_and_uses(old: str, new: str | None) -> None:
    expected = new
    if expected is None:
        expected = old.replace("asgi_redis", "towpath.layers.redis")
        expected = expected.replace("channels.test", "towpath.testing").replace("channels", "towpath")
    assert migrated(old) == expected


def test_names_that_went_to_two_places_become_two_statements_and_keep_comments() -> None:
    old = """
        def later():
            from channels.message import (
                Message,  # a message
                pending_message_store,
            )
    """
    new = migrate_module(textwrap.dedent(old)).new
    assert new == textwrap.dedent(
        """
        def later():
            # a message
            from towpath.message import Message
            from channels.message import pending_message_store
        """
    )
    assert told(old) == [(5, "from channels.message import pending_message_store")]


def test_what_is_not_of_1x_stays() -> None:
    source = """
        from .channels import Group
        from myproject.channels import Group as Mine
        from asgiref.sync import async_to_sync
        from asgiref import sync
        channels = ["a"]
        channels.append("channels")
        PERMISSION = "channels.view_channel"
    """
    assert migrated(source) == textwrap.dedent(source)


def test_line_ends_tabs_and_quotes_stay() -> None:
    old = (
        "from channels.message import Message, pending_message_store\r\n"
        "X = {\t'a':\tu'channels.auth.transfer_user' }\r\n"
    )
    assert migrate_module(old).new == (
        "from towpath.message import Message\r\nfrom channels.message import pending_message_store\r\n"
        "X = {\t'a':\tu'towpath.auth.transfer_user' }\r\n"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from channels.sessions import requeue_messages\n", "from channels.sessions import requeue_messages"),
        ("from channels.db import database_sync_to_async\n", "from channels.db import database_sync_to_async"),
        ("from channels.message import pending_message_store\n", "from channels.message import pending_message_store"),
        ("from channels.channel import pending_message_store\n", "from channels.channel import pending_message_store"),
        ("from channels.test.liveserver import DaphneProcess\n", "from channels.test.liveserver import DaphneProcess"),
        ("import asgi_amqp\n", "import asgi_amqp"),
        ("BACKEND = 'asgi_amqp.AMQPChannelLayer'\n", "asgi_amqp.AMQPChannelLayer"),
        ("patch('channels.generic.websockets.Group')\n", "channels.generic.websockets.Group"),
        ("mocker.patch('channels.nothing.Here')\n", "channels.nothing.Here"),
        ("patch('channels.message.pending_message_store.append')\n", "channels.message.pending_message_store.append"),
        ("command = 'daphne mysite.asgi:channel_layer -p 80'\n", "daphne mysite.asgi:channel_layer -p 80"),
        (
            "import channels.generic.websockets as w\n\nclass A(w.BaseConsumer): pass\n",
            "towpath.generic.websockets.BaseConsumer",
        ),
        ("from channels.generic.websockets import *\n\nclass A(BaseConsumer): pass\n", "BaseConsumer"),
        ("from channels.auth import no_such_thing\n", "from channels.auth import no_such_thing"),
        ("from channels.hacks import *\n", "from channels.hacks import *"),
        ("import channels.package_checks\n", "import channels.package_checks"),
        ("import channels\n\nchannels.hacks.monkeypatch_django()\n", "channels.hacks.monkeypatch_django"),
        ("import channels\nchannels.utils.name_that_thing(f)\n", "channels.utils.name_that_thing"),
        ("from daphne.server import Server\n", "from daphne.server import Server"),
        ("x = 'asgi_ipc.IPCChannelLayer'\n", "asgi_ipc.IPCChannelLayer"),
        ("LOGGERS = {'daphne.server': {}}\n", "daphne.server"),
        ("INSTALLED_APPS.append('channels.delay')\n", '"channels.delay"'),
    ],
)
def test_what_has_no_counterpart_is_named_with_its_line(source: str, expected: str) -> None:
    assert told(source) == [(source.rstrip().count("\n") + 1, expected)]


@pytest.mark.parametrize(
    "source",
    [
        "from channels.generic.websocket import AsyncWebsocketConsumer\n",
        "from channels.routing import ProtocolTypeRouter\n",
        "from channels.testing import WebsocketCommunicator\n",
        "import channels.layers\n",
    ],
)
def test_names_of_channels_2_to_4_lead_to_their_own_page(source: str) -> None:
    [finding] = migrate_module(source).findings
    assert "docs/from-channels-4.md" in finding.instead


def test_a_string_whose_escapes_are_wrong_is_left_alone() -> None:
    text = 'from channels import Group\nx = "channels.\\N{no such character}"\n'
    outcome = migrate_module(text)
    assert outcome.new == text.replace("from channels", "from towpath")


def test_a_file_whose_expressions_are_nested_too_deeply_is_named_and_left_alone() -> None:
    text = f"import channels\nx = {'not ' * 1000}y\n"
    outcome = migrate_module(text)
    assert outcome.new == text
    assert "nested too deeply" in str(outcome.findings)


def test_a_file_that_cannot_be_parsed_is_named_and_left_alone() -> None:
    outcome = migrate_module("import channels\nprint 'python 2'\n")
    assert not outcome.is_changed
    [finding] = outcome.findings
    assert (finding.line, "Python 3" in finding.instead) == (2, True)


def test_strings_that_are_a_dotted_name() -> None:
    old = """
        CHANNEL_LAYERS = {
            "default": {"BACKEND": "asgi_redis.RedisChannelLayer", 'ROUTING': 'mysite.routing.channel_routing'},
            "test": {'BACKEND': 'asgiref.inmemory.ChannelLayer'},
        }
        LOGGING = {"loggers": {"django.channels": {"level": "DEBUG"}}}
        routing = {"websocket.connect": "channels.routing.connect_consumer"}
        with patch("channels.auth.transfer_user"), patch("channels.channel.Group.send"), patch("channels.Group.add"):
            '''Says channels.auth.transfer_user in the middle.'''
    """
    new = migrated(old)
    for line in (
        '"default": {"BACKEND": "towpath.layers.redis.RedisChannelLayer",',
        "'BACKEND': 'towpath.layers.memory.MemoryChannelLayer'}",
        '{"towpath": {"level"',
        '"towpath.routing.connect_consumer"',
        'patch("towpath.auth.transfer_user"), patch("towpath.channel.Group.send"), patch("towpath.Group.add")',
        "Says channels.auth.transfer_user",
    ):
        assert line in new


def test_options_of_the_redis_layer_that_are_not_here_are_named() -> None:
    old = """
        CHANNEL_LAYERS = {"default": {
            "BACKEND": "asgi_redis.RedisChannelLayer",
            "CONFIG": {
                "hosts": [("a", 6379), ("b", 6379)],
                "stats_prefix": "x",
                "channel_capacity": {"http.request": 200, "daphne.response*": 1000},
            },
            "TEST_CONFIG": dict(redis_kwargs={}),
        }}
    """
    what = ["hosts", "stats_prefix", 'channel_capacity["daphne.response*"]', "redis_kwargs"]
    assert told(old) == [(line, name) for line, name in zip((5, 6, 7, 9), what, strict=True)]


APPS = """
    INSTALLED_APPS = [
        "django.contrib.auth",
        # static files
        "django.contrib.staticfiles",  # files
        "channels",  # real-time
        "channels.delay",
        "chat",
    ]
"""


def test_the_application_goes_above_static_files_with_its_comment() -> None:
    assert migrated(APPS) == textwrap.dedent(
        """
        INSTALLED_APPS = [
            "django.contrib.auth",
            # static files
            "towpath",  # real-time
            "django.contrib.staticfiles",  # files
            "chat",
        ]
        """
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("INSTALLED_APPS = ['channels', 'chat']\n", "INSTALLED_APPS = ['towpath', 'chat']\n"),
        ("INSTALLED_APPS += ('channels',)\n", "INSTALLED_APPS += ('towpath',)\n"),
        ("INSTALLED_APPS: list = [*X, 'channels.delay']\n", "INSTALLED_APPS: list = [*X]\n"),
        ("LOCAL_APPS = A + ['chat', 'channels.delay', 'b']\n", "LOCAL_APPS = A + ['chat', 'b']\n"),
        ("INSTALLED_APPS.append('channels')\n", "INSTALLED_APPS.append('towpath')\n"),
        ("settings.INSTALLED_APPS.extend(['channels'])\n", "settings.INSTALLED_APPS.extend(['towpath'])\n"),
        (
            "INSTALLED_APPS = ['django.contrib.staticfiles', 'channels.apps.ChannelsConfig']\n",
            "INSTALLED_APPS = ['towpath.apps.TowpathConfig', 'django.contrib.staticfiles']\n",
        ),
        (
            "INSTALLED_APPS = [\n    'django.contrib.staticfiles',\n    'channels'\n]\n",
            "INSTALLED_APPS = [\n    'towpath', 'django.contrib.staticfiles'\n]\n",
        ),
        ("CHANNELS = ['channels']\n", "CHANNELS = ['channels']\n"),
        ("@override_settings(INSTALLED_APPS=['channels'])\ndef f(): pass\n", None),
        ("with self.settings(INSTALLED_APPS=settings.INSTALLED_APPS + ('channels',)): pass\n", None),
        ("SETTINGS = {'INSTALLED_APPS': ['chat', 'channels']}\n", None),
        ("settings.configure(**dict(INSTALLED_APPS=('channels',)))\n", None),
        ("modify_settings(INSTALLED_APPS={'append': 'channels'})\n", None),
        ("INSTALLED_APPS = ['a'] + (['channels'] if X else list(['channels']))\n", None),
        ("if 'channels' in settings.INSTALLED_APPS or 'channels' not in INSTALLED_APPS: pass\n", None),
        ("if apps.is_installed('channels'): apps.get_app_config('channels')\n", None),
        ("if 'channels' in names: g(INSTALLED='channels')\n", "if 'channels' in names: g(INSTALLED='channels')\n"),
    ],
)
def test_lists_of_applications(old: str, new: str | None) -> None:
    assert migrated(old) == (old.replace("channels", "towpath") if new is None else new)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from channels.worker import Worker\nWorker(layer, callback, 5)\n", "Worker(...)"),
        (
            "from channels.worker import Worker\nclass W(Worker):\n    def sigterm_handler(self): pass\n",
            "W.sigterm_handler",
        ),
        (
            "import channels.binding.websockets\nclass B(channels.binding.websockets.WebsocketBinding):\n"
            "    slight_ordering = True\n",
            "B.slight_ordering",
        ),
        (
            "from channels.binding.base import BindingMetaclass\n\nBindingMetaclass.binding_classes\n",
            "BindingMetaclass.binding_classes",
        ),
        (
            "from channels.tests import HttpClient\nclass H(HttpClient):\n    def _get_content(self): pass\n",
            "H._get_content",
        ),
        ("import channels\n\nchannels.channel_layers['default'].router.add_route(r)\n", "the layer's router"),
        ("import channels\n\nmessage.channel_layer.receive_twisted([])\n", "the layer's receive_twisted"),
        (
            "import asgi_redis\nclass R(asgi_redis.RedisChannelLayer):\n    def receive_many(self, c): pass\n",
            "R.receive_many",
        ),
    ],
)
def test_members_that_are_not_here_are_named_where_they_are_defined_or_used(source: str, expected: str) -> None:
    assert told(source) == [(source.rstrip().count("\n") + 1, expected)]


def test_members_that_are_here_are_not_named() -> None:
    migrated(
        """
        from channels.worker import Worker
        from channels.binding.base import Binding, BindingMetaclass

        class Meta(BindingMetaclass):
            pass

        class B(Binding, metaclass=Meta):
            @classmethod
            def pre_change_receiver(cls, instance, action):
                pass

        Worker(layer, callback=f, message_retries=3)
        self.router.add_route(r)
        channel_layer.send("a", {})
        channel_layer.extensions.append("twisted")
        """
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("setup(install_requires=['Django>=1.8', 'channels>=1.1,<2'])\n", "channels>=1.1,<2"),
        ("setup(extras_require={'ws': ['channels']})\n", "channels"),
        ("REQUIREMENTS = ['daphne']\n", "daphne"),
        ("session.install('asgi-redis==1.4.3')\n", "asgi-redis==1.4.3"),
        ("setup(tests_require=['asgiref~=1.1'])\n", "asgiref~=1.1"),
    ],
)
def test_requirements_in_python_files_are_named(source: str, expected: str) -> None:
    assert told(source) == [(1, expected)]


@pytest.mark.parametrize(
    "source",
    [
        "setup(install_requires=['channels-panel', 'asgiref>=3.8', 'channelsx'], keywords=['channels'])\n",
        "dependencies = [('channels', '0001_initial')]\n",
        "x = ['channels', 'daphne']\n",
    ],
)
def test_other_strings_are_no_requirements(source: str) -> None:
    assert told(source) == []


def test_every_name_that_1x_imported_is_found_where_it_is() -> None:
    for old, origin in reexports.reexported().items():
        assert names.look_up(origin) is not None, old
        assert names.look_up(old) == names.look_up(origin)
    for place in names.misplaced().values():
        assert import_string(place) is not None


def moved_names() -> Iterable[str]:
    found = {new for old, new in names.moved().items() if not names.is_module(old)}
    return sorted(found)


@pytest.mark.parametrize("name", moved_names())
def test_every_new_name_leads_somewhere(name: str) -> None:
    assert import_string(name) is not None


def test_no_name_is_in_both_tables() -> None:
    assert not set(names.moved()) & set(names.undecided())
