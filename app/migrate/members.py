"""Members of classes of 1.x that Towpath lacks or does not call, where a project overrides or uses them.

A file shows only the members that a subclass defines, and those that are accessed by name on the class or a layer.
"""

import libcst as cst

from .names import moved
from .reading import Reading, dotted

_ROUTER = (
    "write towpath.routing.Router(layer.routing): the router is the worker's, what is added to another one is not run"
)
_EVENT_LOOP = "use layer.edge(), the event loop's side of a layer, or run it in a thread with layer.receive()"
_INSIDE = "take it out: it is a part of the layer of 1.x that is not here"
_SIGNALS = "take it out: WorkerPool and Worker.run stop by themselves on SIGTERM"
_LAYER_METHODS = (
    "decide: workers and interface servers call send_many, reader() and edge(); what overrides this is called outside "
    "of consumers only"
)

#: Old class -> member -> the manual change where a subclass defines it, or where it is accessed on the class.
_MEMBERS: dict[str, dict[str, str]] = {
    "channels.binding.base.BindingMetaclass": {
        "binding_classes": "take it out: bindings register themselves; towpath.binding.registry keeps them",
    },
    "channels.binding.base.Binding": {
        "get_registered_models": "set `model`; write one binding for each model",
        "slight_ordering": "take it out: events of a connection are in order",
        "_hydrate": "override create(data) and update(pk, data)",
    },
    "channels.handler.AsgiRequest": {
        "_get_files": "override FILES",
    },
    "channels.handler.AsgiHandler": {
        "chunk_bytes": "take it out: responses are cut by what writes them",
        "chunk_size": "take it out: responses are cut by what writes them",
        "handle_uncaught_exception": "write a handler500, or a middleware with process_exception",
    },
    "channels.management.commands.runserver.Command": {
        "get_consumer": "take it out: static files are served where DEBUG or --insecure says so",
        "log_action": "configure the logger towpath",
        "run_worker": "take it out: runserver runs towpath.worker.WorkerPool",
        "server_cls": "take it out: the server is the one of towpath.interface",
    },
    "channels.management.commands.runworker.Command": {
        "consumer_called": "write a receiver of towpath.signals.consumer_started",
    },
    "channels.routing.Router": {
        "resolve_routing": "take it out: a Router takes what ROUTING may be",
        "normalise_re_arg": "take it out: a Router takes str and bytes",
    },
    "channels.staticfiles.StaticFilesHandler": dict.fromkeys(
        ("_should_handle", "file_path", "get_base_url", "serve"), "override get_response(request)"
    ),
    "channels.test.base.apply_routes": {
        "enter": "write `with apply_routes(...):`",
        "exit": "write `with apply_routes(...):`",
    },
    "channels.test.base.ChannelTestCaseMixin": dict.fromkeys(
        ("_pre_setup", "_post_teardown"), "override setUp and tearDown; the layers are replaced in run()"
    ),
    "channels.test.websocket.WSClient": {
        "_get_content": "override send(to, content, text, path)",
        "_login": "override force_login(user, backend)",
    },
    "channels.worker.Worker": {
        "apply_channel_filters": "pass only_channels and exclude_channels",
        "install_signal_handler": _SIGNALS,
        "sigterm_handler": _SIGNALS,
    },
    "asgi_redis.RedisChannelLayer": dict.fromkeys(
        ("send", "receive", "receive_many", "send_group", "group_add", "group_discard"), _LAYER_METHODS
    )
    | dict.fromkeys(
        ("connection", "consistent_hash", "serialize", "deserialize", "make_fernet", "_setup_encryption", "_group_key"),
        _INSIDE,
    ),
}
_MEMBERS["asgiref.inmemory.ChannelLayer"] = _MEMBERS["asgi_redis.RedisChannelLayer"]
#: Classes that have the members of another one.
_SUBCLASSES = {
    "channels.binding.websockets.WebsocketBinding": "channels.binding.base.Binding",
    "channels.binding.websockets.WebsocketBindingWithMembers": "channels.binding.base.Binding",
    "channels.staticfiles.StaticFilesHandler": "channels.handler.AsgiHandler",
    "channels.test.base.ChannelTestCase": "channels.test.base.ChannelTestCaseMixin",
    "channels.test.base.TransactionChannelTestCase": "channels.test.base.ChannelTestCaseMixin",
    "channels.test.http.HttpClient": "channels.test.websocket.WSClient",
}
#: Attributes of layers -> the manual change. `router` is a common word: only on names of layers.
_OF_LAYERS = {
    "router": _ROUTER,
    "receive_twisted": _EVENT_LOOP,
    "receive_async": _EVENT_LOOP,
    "consistent_hash": _INSIDE,
    "_channels": _INSIDE,
    "_groups": _INSIDE,
    "_group_key": _INSIDE,
    "client_prefix": _INSIDE,
}
_WORKER = "channels.worker.Worker"


class Members(Reading):
    """Names members that Towpath lacks."""

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        members: dict[str, str] = {}
        for base in node.bases:
            members |= self._members_of(base.value)
        for name, statement in _defined(node):
            if name in members:
                self.find(statement, f"{node.name.value}.{name}", members[name])

    def visit_Call(self, node: cst.Call) -> None:
        is_worker = any(_old_name(name) == _WORKER for name in self._names_of(node.func))
        if is_worker and sum(argument.keyword is None and not argument.star for argument in node.args) > 1:
            self.find(node, "Worker(...)", "pass its options by name: callback, message_retries, only_channels, ...")

    def visit_Attribute(self, node: cst.Attribute) -> None:
        name = node.attr.value
        if name in _OF_LAYERS and _is_layer(node.value):
            self.find(node, f"the layer's {name}", _OF_LAYERS[name])
        elif (instead := self._members_of(node.value).get(name)) is not None:
            self.find(node, f"{dotted(node.value)}.{name}", instead)

    def _members_of(self, node: cst.BaseExpression) -> dict[str, str]:
        return {
            member: instead
            for name in self._names_of(node)
            for member, instead in _all_members(_old_name(name)).items()
        }

    def _names_of(self, node: cst.BaseExpression) -> set[str]:
        """Return the dotted names of a name or chain of names, by its import."""
        written = dotted(node)
        if written is None:
            return set()
        root: cst.BaseExpression = node
        while isinstance(root, cst.Attribute):
            root = root.value
        return {name + written[len(written.partition(".")[0]) :] for name in self.imported_names(root)}


def _all_members(old: str | None) -> dict[str, str]:
    if old is None:
        return {}
    return _MEMBERS.get(old, {}) | (_all_members(_SUBCLASSES[old]) if old in _SUBCLASSES else {})


def _old_name(name: str) -> str | None:
    """Return the name of a class in the tables, whether or not it was rewritten."""
    known = _MEMBERS.keys() | _SUBCLASSES.keys()
    if name in known:
        return name
    by_new = {new: old for old, new in moved().items() if old in known}
    if name in by_new:
        return by_new[name]
    new = moved().get(name)  # another old name of the same class
    return by_new.get(new) if new is not None else None


def _defined(node: cst.ClassDef) -> list[tuple[str, cst.CSTNode]]:
    found: list[tuple[str, cst.CSTNode]] = []
    for statement in node.body.body:
        if isinstance(statement, cst.FunctionDef):
            found.append((statement.name.value, statement.name))
        elif isinstance(statement, cst.SimpleStatementLine):
            for part in statement.body:
                if isinstance(part, cst.Assign):
                    found += [(dotted(target.target) or "", target.target) for target in part.targets]
    return found


def _is_layer(node: cst.BaseExpression) -> bool:
    """Return whether an expression has the name of a layer: `message.channel_layer`, `channel_layers["default"]`."""
    if isinstance(node, cst.Subscript):
        return (dotted(node.value) or "").rpartition(".")[2] == "channel_layers"
    return (dotted(node) or "").rpartition(".")[2] in ("channel_layer", "layer")
