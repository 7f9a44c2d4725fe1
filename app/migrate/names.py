"""The names of Channels 1.x and of its packages, with their names in Towpath. Nothing is imported at run time.

A name that is not in these tables is not changed: it is the project's own.
"""

import re
from dataclasses import dataclass
from functools import cache

from .reexports import reexported

#: Packages whose names are looked up; a file that mentions none of them is not read any further.
ROOTS = ("channels", "asgi_redis", "asgiref", "asgi_ipc", "asgi_rabbitmq", "asgi_amqp", "daphne")

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moved:
    """A name with a counterpart: the dotted name of that."""

    to: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """A name without the same counterpart. `instead` is the replacement."""

    instead: str


Verdict = Moved | Undecided

#: Old module -> new module, and the public names that are called the same in both.
_MODULES = {
    "channels": (
        "towpath",
        "Channel Group route route_class include channel_layers DEFAULT_CHANNEL_LAYER __version__",
    ),
    "channels.apps": ("towpath.apps", ""),
    "channels.asgi": (
        "towpath.asgi",
        "get_channel_layer channel_layers ChannelLayerManager ChannelLayerWrapper InvalidChannelLayerError",
    ),
    "channels.auth": (
        "towpath.auth",
        "transfer_user channel_session_user http_session_user channel_session_user_from_http "
        "channel_and_http_session_user_from_http",
    ),
    "channels.binding": ("towpath.binding", "Binding"),
    "channels.binding.base": ("towpath.binding.base", "Binding BindingMetaclass CREATE UPDATE DELETE"),
    "channels.binding.websockets": ("towpath.binding.websockets", "WebsocketBinding WebsocketBindingWithMembers"),
    "channels.channel": ("towpath.channel", "Channel Group"),
    "channels.exceptions": (
        "towpath.exceptions",
        "ConsumeLater ResponseLater RequestTimeout RequestAborted DenyConnection ChannelSocketException "
        "WebsocketCloseException SendNotAvailableOnDemultiplexer",
    ),
    "channels.generic": ("towpath.generic", "BaseConsumer"),
    "channels.generic.base": ("towpath.generic.base", "BaseConsumer"),
    "channels.generic.websockets": (
        "towpath.generic.websockets",
        "WebsocketConsumer JsonWebsocketConsumer WebsocketDemultiplexer WebsocketMultiplexer",
    ),
    "channels.handler": ("towpath.handler", "AsgiRequest AsgiHandler ViewConsumer HttpResponseLater"),
    "channels.log": ("towpath.log", "setup_logger"),
    "channels.management.commands.runserver": ("towpath.management.commands.runserver", "Command"),
    "channels.management.commands.runworker": ("towpath.management.commands.runworker", "Command"),
    "channels.message": ("towpath.message", "Message"),
    "channels.routing": (
        "towpath.routing",
        "Router Route RouteClass Include route route_class include null_consumer connect_consumer",
    ),
    "channels.security": ("towpath.security", ""),
    "channels.security.websockets": (
        "towpath.security.websockets",
        "BaseOriginValidator AllowedHostsOnlyOriginValidator allowed_hosts_only",
    ),
    "channels.sessions": (
        "towpath.sessions",
        "session_for_reply_channel channel_session http_session channel_and_http_session enforce_ordering",
    ),
    "channels.signals": (
        "towpath.signals",
        "consumer_started consumer_finished worker_ready worker_process_ready",
    ),
    "channels.staticfiles": ("towpath.staticfiles", "StaticFilesHandler StaticFilesConsumer"),
    "channels.test": (
        "towpath.testing",
        "ChannelTestCase ChannelTestCaseMixin TransactionChannelTestCase Client WSClient HttpClient apply_routes "
        "ChannelLiveServerTestCase",
    ),
    "channels.test.base": (
        "towpath.testing",
        "ChannelTestCase ChannelTestCaseMixin TransactionChannelTestCase Client apply_routes",
    ),
    "channels.test.http": ("towpath.testing", "HttpClient"),
    "channels.test.liveserver": ("towpath.testing", "ChannelLiveServerTestCase"),
    "channels.test.websocket": ("towpath.testing", "WSClient"),
    "channels.tests": (
        "towpath.testing",
        "ChannelTestCase ChannelTestCaseMixin TransactionChannelTestCase Client WSClient HttpClient apply_routes "
        "ChannelLiveServerTestCase",
    ),
    "channels.tests.base": (
        "towpath.testing",
        "ChannelTestCase ChannelTestCaseMixin TransactionChannelTestCase Client apply_routes",
    ),
    "channels.tests.http": ("towpath.testing", "HttpClient"),
    "channels.worker": ("towpath.worker", "Worker"),
    "asgi_redis": ("towpath.layers.redis", "RedisChannelLayer"),
    "asgi_redis.core": ("towpath.layers.redis", "RedisChannelLayer"),
    "asgiref.inmemory": ("towpath.layers.memory", ""),
}

_RENAMED = {
    "channels.apps.ChannelsConfig": "towpath.apps.TowpathConfig",
    "channels.utils.name_that_thing": "towpath.routing.name_of",
    "asgiref.inmemory.ChannelLayer": "towpath.layers.memory.MemoryChannelLayer",
}

_DELAY = "send with Channel(name).send(content, delay=timedelta(...)); workers keep and deliver delayed messages"
_NO_WAIT = "take it out: events of a connection are in order by themselves, there is no wait channel"
_HELD = "take it out: what a consumer sends is held by its worker; immediately=True does not wait"
_SERVER = "run the server as a process: towpath-interface mysite.asgi:channel_layer, or manage.py runinterface"
_BROKER = "decide: towpath.layers.redis.RedisChannelLayer is the layer between processes; RabbitMQ is not supported"
_PROCESSES = (
    "write towpath.testing.ProtocolServerProcess or WorkerProcess; their arguments are others, see its docstrings"
)
_ONE_MACHINE = (
    "decide: towpath.layers.redis.RedisChannelLayer between processes, towpath.layers.memory.MemoryChannelLayer "
    "inside one"
)
_CONFORMANCE = "write towpath.layers.conformance.ConformanceTestCase, with make_layer in place of channel_layer"
_BASE_LAYER = (
    "write towpath.layers.BaseChannelLayer for its ChannelFull and MessageTooLarge; a layer of your own is a subclass "
    "of towpath.layers.ChannelLayer, see its docstring"
)

_UNDECIDED = {
    "channels.delay": _DELAY,
    "channels.delay.apps": _DELAY,
    "channels.delay.apps.DelayConfig": _DELAY,
    "channels.delay.models": _DELAY,
    "channels.delay.models.DelayedMessage": _DELAY,
    "channels.delay.models.DelayedMessageQuerySet": _DELAY,
    "channels.delay.worker": _DELAY,
    "channels.delay.worker.Worker": _DELAY,
    "channels.hacks": "take it out: Towpath patches nothing",
    "channels.hacks.monkeypatch_django": "take it out: Towpath patches nothing",
    "channels.management.commands.runserver.WorkerThread": (
        "take it out: runserver runs towpath.worker.WorkerPool(channel_layer, threads)"
    ),
    "channels.message.PendingMessageStore": _HELD,
    "channels.message.pending_message_store": _HELD,
    "channels.package_checks": "take it out: there are no packages of layers to check",
    "channels.package_checks.check_all": "take it out: there are no packages of layers to check",
    "channels.sessions.requeue_messages": _NO_WAIT,
    "channels.sessions.wait_channel_name": _NO_WAIT,
    "channels.test.liveserver.DaphneProcess": _PROCESSES,
    "channels.test.liveserver.ProcessSetup": _PROCESSES,
    "channels.test.liveserver.WorkerProcess": _PROCESSES,
    "channels.utils": "write `from towpath.routing import name_of` for name_that_thing",
    "channels.worker.StopWorkerGroupLoop": "take it out: WorkerPool stops by itself on SIGTERM",
    "channels.worker.WorkerGroup": "write towpath.worker.WorkerPool(channel_layer, threads, router=None, ...)",
    "asgi_redis.RedisLocalChannelLayer": (
        "decide: towpath.layers.redis.RedisChannelLayer; no part of it stays on one machine"
    ),
    "asgi_redis.RedisSentinelChannelLayer": (
        'write towpath.layers.redis.RedisChannelLayer, with "hosts": [{"sentinels": [...], "master_name": ...}]'
    ),
    "asgi_redis.core.BaseRedisChannelLayer": _BASE_LAYER,
    "asgiref.base_layer": _BASE_LAYER,
    "asgiref.base_layer.BaseChannelLayer": _BASE_LAYER,
    "asgiref.conformance": _CONFORMANCE,
    "asgiref.conformance.ConformanceTestCase": _CONFORMANCE,
    "asgiref.inmemory.channel_layer": "make one: towpath.layers.memory.MemoryChannelLayer()",
    "asgiref.wsgi.WsgiToAsgiAdapter": "run views through workers: they answer http.request by themselves",
    "asgi_ipc": _ONE_MACHINE,
    "asgi_ipc.IPCChannelLayer": _ONE_MACHINE,
    "asgi_rabbitmq": _BROKER,
    "asgi_rabbitmq.RabbitmqChannelLayer": _BROKER,
    "asgi_rabbitmq.RabbitmqLocalChannelLayer": _BROKER,
    "asgi_amqp": _BROKER,
    "asgi_amqp.AMQPChannelLayer": _BROKER,
    "daphne": _SERVER,
    "daphne.access": _SERVER,
    "daphne.access.AccessLogGenerator": _SERVER,
    "daphne.cli": _SERVER,
    "daphne.cli.CommandLineInterface": _SERVER,
    "daphne.server": _SERVER,
    "daphne.server.Server": _SERVER,
}

#: Modules of Channels 2 to 4, and what they put into modules of 1.x: told apart from names that never were.
_LATER = (
    "channels.auth.AuthMiddleware",
    "channels.auth.AuthMiddlewareStack",
    "channels.auth.login",
    "channels.auth.logout",
    "channels.consumer",
    "channels.db",
    "channels.exceptions.AcceptConnection",
    "channels.exceptions.ChannelFull",
    "channels.exceptions.InvalidChannelLayerError",
    "channels.exceptions.MessageTooLarge",
    "channels.exceptions.StopConsumer",
    "channels.generic.http",
    "channels.generic.websocket",
    "channels.http",
    "channels.layers",
    "channels.middleware",
    "channels.routing.ChannelNameRouter",
    "channels.routing.ProtocolTypeRouter",
    "channels.routing.URLRouter",
    "channels.routing.get_default_application",
    "channels.security.websocket",
    "channels.sessions.CookieMiddleware",
    "channels.sessions.SessionMiddleware",
    "channels.sessions.SessionMiddlewareStack",
    "channels.testing",
)


@cache
def moved() -> dict[str, str]:
    """Return every old name that has a counterpart, and its new name; modules too."""
    found = {old: new for old, (new, _) in _MODULES.items()}
    for old, (new, names) in _MODULES.items():
        found |= {f"{old}.{name}": f"{new}.{name}" for name in names.split()}
    return found | _RENAMED


def is_module(name: str) -> bool:
    """Return whether an old name is that of a module with a counterpart."""
    return name in _MODULES


@cache
def misplaced() -> dict[str, str]:
    """Return names that code may look for in the new module, because its old one imported them -> where they are."""
    found = {}
    for old, origin in reexported().items():
        module, _, name = old.rpartition(".")
        verdict = look_up(origin)
        if module in _MODULES and isinstance(verdict, Moved):
            new = f"{_MODULES[module][0]}.{name}"
            if new not in moved().values() and new != verdict.to:
                found[new] = verdict.to
    return found


def undecided() -> dict[str, str]:
    """Return every old name without a counterpart, and its replacement."""
    return _UNDECIDED


def look_up(name: str) -> Verdict | None:
    """Return what became of an old name; None if it is not in the tables."""
    name = reexported().get(name, name)
    if name in moved():
        return Moved(moved()[name])
    if name in _UNDECIDED:
        return Undecided(_UNDECIDED[name])
    return None


def look_up_attribute(name: str) -> tuple[Verdict, str] | None:
    """Return what became of the longest known part of a dotted name such as `channels.Group.send`, and the rest of it.

    None if no part of it is known.
    """
    known, rest = name, ""
    while _DOTTED.match(name) and name.partition(".")[0] in ROOTS and known:
        verdict = look_up(known)
        if verdict is not None:
            return verdict, rest
        known, _, last = known.rpartition(".")
        rest = f".{last}{rest}"
    return None


def look_up_import(name: str) -> Verdict | None:
    """Return what became of a name that a file imports; None if its package is none of ours.

    `asgiref` is only taken for that of 1.x where the module says so: its successor is a part of Django.
    """
    root = name.partition(".")[0]
    found = look_up(name)
    if found is not None or root not in ROOTS or root == "asgiref":
        return found
    if any(f"{name}.".startswith(f"{module}.") for module in _LATER):
        return Undecided("it is of Channels 2 or later: see docs/from-channels-4.md")
    parent = look_up(name.rpartition(".")[0])
    if isinstance(parent, Undecided):
        return parent
    return Undecided("Channels 1.x has no public name like this, and Towpath has none: find out what defines it")
