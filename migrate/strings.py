"""String literals that are, as a whole, a dotted name of 1.x: backends, routing, `mock.patch`, loggers."""

import libcst as cst

from .names import Moved, Undecided, look_up
from .reading import Reading, literal, quoted

#: Names of loggers: not dotted paths of anything, but strings all the same.
_LOGGERS = {"django.channels": "towpath", "django.channels.server": "towpath"}
_SERVER_LOGGERS = ("daphne.http_protocol", "daphne.server", "daphne.ws_protocol")


class DottedStrings(Reading):
    """Rewrites strings that name something of 1.x by its dotted path."""

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> bool:
        return False

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        value = literal(node)
        if value is None or "." not in value:
            return
        verdict = Moved(_LOGGERS[value]) if value in _LOGGERS else look_up(value)
        if isinstance(verdict, Moved):
            self.replace(node, quoted(node, verdict.to))
        elif isinstance(verdict, Undecided) and value != "channels.delay":  # that one is an application
            self.find(node, value, verdict.instead)
        elif value in _SERVER_LOGGERS:
            self.find(node, value, 'the interface server logs as "towpath.interface"')
