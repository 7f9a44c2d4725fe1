"""CHANNEL_LAYERS: options of asgi_redis that Towpath lacks, or that mean something else. They are only named."""

import libcst as cst

from .reading import Reading, literal

#: Backends whose CONFIG is read, under their old and new names.
_REDIS = ("asgi_redis.RedisChannelLayer", "asgi_redis.core.RedisChannelLayer", "towpath.layers.redis.RedisChannelLayer")
#: Keys of CONFIG -> the advice for each.
_GONE = {
    "stats_prefix": "take it out: counts are kept beside their channels",
    "redis_kwargs": "write connection_kwargs",
}
_REPLIES = ("daphne.response", "http.response", "websocket.send")


class LayerOptions(Reading):
    """Reads the CONFIG of Redis layers."""

    def visit_Dict(self, node: cst.Dict) -> None:
        entries = _entries(node)
        if literal(entries.get("BACKEND", node)) in _REDIS:
            for key in ("CONFIG", "TEST_CONFIG"):
                self._look_at(entries.get(key))

    def _look_at(self, config: cst.BaseExpression | None) -> None:
        for key, value in _entries(config).items():
            if key in _GONE:
                self.find(value, key, _GONE[key])
            elif key == "hosts" and isinstance(value, (cst.List, cst.Tuple)) and len(value.elements) > 1:
                self.find(value, "hosts", "name one Redis: sharding is not supported")
            elif key == "channel_capacity":
                for pattern, number in _entries(value).items():
                    if pattern.startswith(_REPLIES):
                        self.find(number, f'channel_capacity["{pattern}"]', "take it out: replies have their own bound")


def _entries(node: cst.BaseExpression | None) -> dict[str, cst.BaseExpression]:
    """Return the values of a dict literal, or of a call of `dict`, by their keys that are plain strings."""
    match node:
        case cst.Dict():
            pairs = [(literal(e.key), e.value) for e in node.elements if isinstance(e, cst.DictElement)]
        case cst.Call(func=cst.Name(value="dict")):
            pairs = [(argument.keyword.value, argument.value) for argument in node.args if argument.keyword]
        case _:
            pairs = []
    return {key: value for key, value in pairs if key is not None}
