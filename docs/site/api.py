"""The pages of the Python API: every public name once, at the first module that has it; others that have it are named.

A page has only its text in the repository. Its sections are added while Sphinx reads it.
"""

import inspect
import sys
from collections.abc import Container
from functools import cache
from importlib import import_module
from types import GenericAlias, UnionType
from typing import Any

from sphinx.pycode import ModuleAnalyzer

#: Page -> its modules, in the order of the page.
PAGES = {
    "reference/api": (
        "towpath", "towpath.generic.websockets", "towpath.generic", "towpath.sessions", "towpath.auth",
        "towpath.exceptions", "towpath.handler", "towpath.signals", "towpath.binding", "towpath.binding.websockets",
        "towpath.binding.base", "towpath.security.websockets", "towpath.staticfiles", "towpath.channel",
        "towpath.message", "towpath.asgi",
    ),
    "reference/api-testing": ("towpath.testing",),
    "reference/api-inside": (
        "towpath.routing", "towpath.channels", "towpath.worker", "towpath.layers", "towpath.layers.redis",
        "towpath.layers.memory", "towpath.layers.conformance",
    ),
}  # fmt: skip

MODULES = tuple(module for modules in PAGES.values() for module in modules)


def connect(app: Any) -> None:
    """Add the sections of each page while Sphinx reads it."""
    app.connect("source-read", add_sections)
    app.connect("autodoc-skip-member", is_class_of_a_module)


def add_sections(app: Any, page: str, source: list[str]) -> None:
    """Append a section for each module of a page."""
    for module in PAGES.get(page, ()):
        source[0] += section(module)


def is_class_of_a_module(app: Any, what: str, name: str, member: object, skip: bool, options: Any) -> bool | None:
    """Return True for a member of a class that is a class of some module: it has its own entry; else None."""
    return True if what == "class" and inspect.isclass(member) and "." not in member.__qualname__ else None


def section(module: str) -> str:
    """Return the section of a module: its docstring, the names that are documented here, and where the others are."""
    lines = [f"\n## {module}\n", "```{eval-rst}", f".. automodule:: {module}", "   :no-members:", ""]
    elsewhere = []
    for name in public_names(module):
        address = addresses()[module, name]
        if address == f"{module}.{name}":
            lines.append(directive(address, getattr(import_module(module), name)))
        else:
            elsewhere.append(f"`{name}` ({{py:obj}}`{address}`)")
    lines.append("```\n")
    if elsewhere:
        lines.append(f"Also importable from here: {', '.join(elsewhere)}.\n")
    return "\n".join(lines)


def directive(address: str, value: Any) -> str:
    """Return the directive that documents an object."""
    if inspect.isclass(value):
        kind = "exception" if issubclass(value, BaseException) else "class"
        bases = "" if value.__bases__ == (object,) else "   :show-inheritance:\n"
        return f".. auto{kind}:: {address}\n{bases}"
    if inspect.isroutine(value):
        return f".. autofunction:: {address}\n"
    name = address.rpartition(".")[2]
    shown = f"   :value: {value!r}\n" if isinstance(value, str | int | GenericAlias | UnionType) else ""
    return f".. py:data:: {name}\n{shown}\n   {comment(name, value)}\n"


def comment(name: str, value: object) -> str:
    """Return the `#:` comment of a name in the module that defines it: autodoc would show the docstring of its type."""
    for module in [module for module in sys.modules if module.startswith("towpath")]:
        if vars(sys.modules[module]).get(name) is value:
            lines = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name), [])
            if any(lines):
                return " ".join(lines).strip()
    return ""


def public_names(module: str) -> list[str]:
    """Return the names of a module's `__all__`."""
    return [name for name in import_module(module).__all__ if not name.startswith("__")]


@cache
def addresses() -> dict[tuple[str, str], str]:
    """Return the address at which each name of each module is documented: the first of the same object."""
    first: dict[object, str] = {}
    found = {}
    for module in MODULES:
        for name in public_names(module):
            value = getattr(import_module(module), name)
            same = value if inspect.isclass(value) or inspect.isroutine(value) else (name, id(value))
            found[module, name] = first.setdefault(same, f"{module}.{name}")
    return found


def missing(documented: Container[str]) -> list[str]:
    """Return the public names that are not among those that a build has documented."""
    return sorted({address for address in addresses().values() if address not in documented})
