"""INSTALLED_APPS, and lists that are called like parts of it: `"channels"` becomes `"towpath"`, above staticfiles.

Also as an argument, `override_settings(INSTALLED_APPS=[...])`, as an entry of a dict, in `"channels" in INSTALLED_APPS`
and in questions to Django's registry (`apps.is_installed("channels")`).
"""

import libcst as cst

from .changes import Edit
from .reading import Reading, literal, quoted

#: It brings a `runserver`, too, and the first application of the list wins.
STATIC_FILES = "django.contrib.staticfiles"
DELAY = "channels.delay"
#: How lists of applications are called: INSTALLED_APPS, LOCAL_APPS.
_SUFFIX = "_APPS"
#: Functions of Django's registry that take the name or label of an application.
_QUESTIONS = frozenset({"is_installed", "get_app_config"})
#: The application itself, by its package or its configuration. What is ours already may still be in the wrong place.
_OURS = {
    "channels": "towpath",
    "channels.apps.ChannelsConfig": "towpath.apps.TowpathConfig",
    "towpath": "towpath",
    "towpath.apps.TowpathConfig": "towpath.apps.TowpathConfig",
}


class InstalledApps(Reading):
    """Rewrites the applications that 1.x brought."""

    def visit_Assign(self, node: cst.Assign) -> None:
        if any(_is_list_of_apps(target.target) for target in node.targets):
            self._rewrite_in(node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        if node.value is not None and _is_list_of_apps(node.target):
            self._rewrite_in(node.value)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        if _is_list_of_apps(node.target):
            self._rewrite_in(node.value)

    def visit_Call(self, node: cst.Call) -> None:
        is_of_list = isinstance(node.func, cst.Attribute) and _is_list_of_apps(node.func.value)
        function = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        asks = isinstance(function, cst.Name) and function.value in _QUESTIONS
        for argument in node.args:
            if is_of_list or asks or (argument.keyword is not None and _is_list_of_apps(argument.keyword)):
                self._rewrite_in(argument.value)

    def visit_DictElement(self, node: cst.DictElement) -> None:
        if (literal(node.key) or "").endswith(_SUFFIX):
            self._rewrite_in(node.value)

    def visit_Comparison(self, node: cst.Comparison) -> None:
        for target in node.comparisons:
            if isinstance(target.operator, (cst.In, cst.NotIn)) and _is_list_of_apps(target.comparator):
                self._rewrite_in(node.left)

    def _rewrite_in(self, value: cst.BaseExpression) -> None:
        match value:
            case cst.IfExp():
                self._rewrite_in(value.body)
                self._rewrite_in(value.orelse)
            case cst.Dict():  # modify_settings(INSTALLED_APPS={"append": ...})
                for element in value.elements:
                    self._rewrite_in(element.value)
            case cst.Call(func=cst.Name(value="list" | "tuple"), args=[cst.Arg(value=inner)]):
                self._rewrite_in(inner)
            case cst.SimpleString():
                self._rewrite_alone(value)
            case cst.List() | cst.Tuple():
                self._rewrite_list(value)
            case cst.BinaryOperation():
                self._rewrite_in(value.left)
                self._rewrite_in(value.right)

    def _rewrite_alone(self, node: cst.SimpleString) -> None:
        if literal(node) == "channels":
            self.replace(node, quoted(node, "towpath"))
        elif literal(node) == DELAY:
            self.find(node, f'"{DELAY}"', "take it out: workers hand delayed messages on themselves")

    def _rewrite_list(self, node: cst.List | cst.Tuple) -> None:
        above: cst.SimpleString | None = None
        for element in node.elements:
            name = literal(element.value)
            if isinstance(element, cst.StarredElement):
                self._rewrite_in(element.value)
            if not isinstance(element.value, cst.SimpleString):
                continue
            if name == STATIC_FILES and above is None:
                above = element.value
            elif name == DELAY:
                self._take_out(element.value)
            elif name in _OURS:
                self._rewrite_app(element.value, quoted(element.value, _OURS[name]), above)

    def _rewrite_app(self, node: cst.SimpleString, new: str, above: cst.SimpleString | None) -> None:
        """Rewrite the application itself; move it above `above`, so that its `runserver` wins."""
        if above is None:
            self.replace(node, new)
            return
        start, end = self._item(node)
        self._take_out(node)
        place = self.span(above)[0]
        if self._is_alone(node) and self._is_alone(above):
            item = self.source[start:end].decode().replace(node.value, new)
            self.edits.append(Edit(self._line_start(place), self._line_start(place), item))
        else:
            self.edits.append(Edit(place, place, f"{new}, "))

    def _take_out(self, node: cst.SimpleString) -> None:
        start, end = self._item(node)
        self.edits.append(Edit(start, end, ""))

    def _item(self, node: cst.SimpleString) -> tuple[int, int]:
        """Return the bytes to take out: the whole line of an element alone on it, else the element and its comma."""
        start, end = self.span(node)
        if self._is_alone(node):
            line_end = self.source.find(b"\n", end)
            return self._line_start(start), len(self.source) if line_end < 0 else line_end + 1
        rest = self.source[end:]
        if rest.lstrip(b" ").startswith(b","):
            end += len(rest) - len(rest.lstrip(b" ")) + 1
            return start, end + len(self.source[end:]) - len(self.source[end:].lstrip(b" "))
        before = self.source[:start].rstrip()
        return len(before) - before.endswith(b","), end

    def _line_start(self, position: int) -> int:
        return self.source.rfind(b"\n", 0, position) + 1

    def _is_alone(self, node: cst.SimpleString) -> bool:
        """Return whether a line holds the element, its comma and perhaps a comment, and nothing else."""
        start, end = self.span(node)
        line_end = self.source.find(b"\n", end)
        after = self.source[end : len(self.source) if line_end < 0 else line_end].strip()
        before = self.source[self._line_start(start) : start].strip()
        return not before and after.startswith(b",") and (after == b"," or after[1:].strip().startswith(b"#"))


def _is_list_of_apps(target: cst.BaseExpression) -> bool:
    match target:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name.endswith(_SUFFIX)
    return False
