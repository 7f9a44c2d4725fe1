"""Names that modules of 1.x import from each other: code of projects imports them from either."""

from functools import cache

#: Module -> the dotted names that it imports; `alias=name` where it calls one otherwise.
_IMPORTED = {
    "channels.apps": (
        "channels.binding.base.BindingMetaclass channels.package_checks.check_all channels.hacks.monkeypatch_django"
    ),
    "channels.asgi": "channels.routing.Router channels.utils.name_that_thing",
    "channels.auth": (
        "channels.sessions.channel_and_http_session channels.sessions.channel_session channels.sessions.http_session"
    ),
    "channels.binding.base": (
        "channels.sessions.channel_session channels.auth.channel_session_user channels.channel.Group"
    ),
    "channels.binding.websockets": (
        "channels.generic.websockets.WebsocketMultiplexer channels.sessions.enforce_ordering "
        "channels.binding.base.Binding"
    ),
    "channels.channel": (
        "channels.DEFAULT_CHANNEL_LAYER channels.channel_layers channels.message.pending_message_store"
    ),
    "channels.generic.base": (
        "channels.auth.channel_session_user channels.routing.route_class channels.sessions.channel_session"
    ),
    "channels.generic.websockets": (
        "channels.auth.channel_and_http_session_user_from_http channels.auth.channel_session_user_from_http "
        "channels.channel.Group channels.exceptions.SendNotAvailableOnDemultiplexer channels.sessions.enforce_ordering "
        "channels.generic.base.BaseConsumer"
    ),
    "channels.handler": (
        "channels.exceptions.RequestAborted channels.exceptions.RequestTimeout "
        "ResponseLaterOuter=channels.exceptions.ResponseLater"
    ),
    "channels.management.commands.runserver": (
        "daphne.server.Server channels.DEFAULT_CHANNEL_LAYER channels.channel_layers channels.handler.ViewConsumer "
        "channels.log.setup_logger channels.staticfiles.StaticFilesConsumer channels.worker.Worker"
    ),
    "channels.management.commands.runworker": (
        "channels.DEFAULT_CHANNEL_LAYER channels.channel_layers channels.log.setup_logger "
        "channels.signals.worker_process_ready channels.staticfiles.StaticFilesConsumer channels.worker.Worker "
        "channels.worker.WorkerGroup"
    ),
    "channels.message": (
        "channels.channel.Channel channels.signals.consumer_finished channels.signals.consumer_started"
    ),
    "channels.routing": "channels.utils.name_that_thing channels.handler.ViewConsumer",
    "channels.security.websockets": "channels.exceptions.DenyConnection",
    "channels.sessions": "channels.exceptions.ConsumeLater channels.handler.AsgiRequest channels.message.Message",
    "channels.staticfiles": "channels.handler.AsgiHandler channels.handler.ViewConsumer",
    "channels.test.base": (
        "InMemoryChannelLayer=asgiref.inmemory.ChannelLayer channels.DEFAULT_CHANNEL_LAYER "
        "channels.asgi.ChannelLayerWrapper channels.channel_layers channels.channel.Group "
        "channels.exceptions.ChannelSocketException channels.message.Message channels.routing.Router "
        "channels.routing.include channels.signals.consumer_finished channels.signals.consumer_started"
    ),
    "channels.test.liveserver": (
        "daphne.server.Server channels.DEFAULT_CHANNEL_LAYER channels.asgi.ChannelLayerManager "
        "channels.staticfiles.StaticFilesConsumer channels.worker.Worker channels.worker.WorkerGroup"
    ),
    "channels.test.websocket": "channels.sessions.session_for_reply_channel channels.test.base.Client",
    "channels.worker": (
        "channels.exceptions.ChannelSocketException channels.exceptions.ConsumeLater "
        "channels.exceptions.DenyConnection channels.message.Message channels.signals.consumer_finished "
        "channels.signals.consumer_started "
        "channels.signals.worker_ready channels.utils.name_that_thing"
    ),
}


@cache
def reexported() -> dict[str, str]:
    """Return the dotted name by which code may import a name of 1.x -> the one by which 1.x defines it."""
    found = {}
    for module, imported in _IMPORTED.items():
        for entry in imported.split():
            alias, _, name = entry.rpartition("=")
            found[f"{module}.{alias or name.rpartition('.')[2]}"] = name
    return found
