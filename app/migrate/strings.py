"""String literals that are, as a whole, a dotted name of 1.x (backends, routing, patches, loggers), or a command."""

import re

import libcst as cst

from .names import Moved, Undecided, is_module, look_up_attribute
from .reading import Reading, literal, quoted
from .reexports import reexported

#: Names of loggers: not dotted paths of anything, but strings all the same.
_LOGGERS = {"django.channels": "towpath", "django.channels.server": "towpath"}
_SERVER_LOGGERS = ("daphne.http_protocol", "daphne.server", "daphne.ws_protocol")
#: Functions that put something in the place of what their first argument names, or import it.
_BY_NAME = frozenset({"patch", "setattr", "spy", "stub", "import_string", "import_module"})
_DAPHNE = re.compile(r"(^|[\s/])daphne\s+(-|[\w.]+:[\w.{])")
SERVER_COMMAND = "write towpath-interface with the same MODULE:LAYER; its options: towpath-interface --help"


class DottedStrings(Reading):
    """Rewrites strings that name something of 1.x by its dotted path."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._named: set[cst.BaseExpression] = set()

    def visit_Call(self, node: cst.Call) -> None:
        function = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        if isinstance(function, cst.Name) and function.value in _BY_NAME and node.args:
            self._named.add(node.args[0].value)

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> bool:
        return False

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        value = literal(node)
        if value is None:
            return
        if _DAPHNE.search(value):
            self.find(node, value.strip().partition("\n")[0][:60], SERVER_COMMAND)
        if "." not in value:
            return
        if value in _LOGGERS:
            self.replace(node, quoted(node, _LOGGERS[value]))
        elif value in _SERVER_LOGGERS:
            self.find(node, value, 'the interface server logs as "towpath.interface"')
        elif value != "channels.delay":  # that one is an application
            self._rewrite_name(node, value)

    def _rewrite_name(self, node: cst.SimpleString, value: str) -> None:
        verdict, rest = look_up_attribute(value) or (None, "")
        if isinstance(verdict, Undecided):
            self.find(node, value, verdict.instead)
        elif isinstance(verdict, Moved) and rest and is_module(value.removesuffix(rest)):
            if node in self._named:
                what = "Towpath has no such name: name what your own code imports, or what it calls"
                self.find(node, value, what)
        elif isinstance(verdict, Moved) and not rest and value in reexported() and node in self._named:
            self.find(
                node, value, f"name {verdict.to}, or your own module that uses it: Towpath uses it in other modules"
            )
        elif isinstance(verdict, Moved):
            self.replace(node, quoted(node, verdict.to + rest))
