"""The arrows between the folders run one way: who imports whom is read out of the sources, without running them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

#: Part of `app` -> package. Each has a row in ARROWS; the rest of `app` imports all.
PARTS = {
    f"app/{name}": f"towpath.{name}"
    for name in (
        "auth",
        "binding",
        "decorating",
        "generic",
        "handler",
        "migrate",
        "security",
        "sessions",
        "staticfiles",
        "testing",
    )
}

#: Folder or part -> the folders and parts it may import.
ARROWS = {
    "layers": set(),
    "channels": {"layers"},
    "routing": {"channels"},
    "interface": {"layers"},
    "worker": {"layers", "channels", "routing", "app/handler"},
    "app/handler": {"channels", "routing"},
    "app/staticfiles": {"app/handler"},
    "app/decorating": {"channels"},
    "app/sessions": {"channels", "app/decorating"},
    "app/security": {"channels", "app/decorating"},
    "app/auth": {"channels", "routing", "app/decorating", "app/sessions"},
    "app/generic": {"channels", "routing", "app/decorating", "app/sessions", "app/auth"},
    "app/binding": {"channels", "app/sessions", "app/auth", "app/generic"},
    "app/migrate": set(),
    "app/testing": {
        "layers",
        "channels",
        "routing",
        "worker",
        "interface",
        "app/handler",
        "app/staticfiles",
        "app/sessions",
        "app/auth",
    },
}

#: The modules of `layers` that every folder may import: the types of the contract, the root of all errors, the
#: names of channels and close codes, and the bounds of log lines about clients.
VOCABULARY = {f"towpath.layers.{name}" for name in ("client_log", "codec", "contract", "errors", "names", "protocol")}

#: Folder -> what it must not import from elsewhere.
FOREIGN = {
    "layers": {"django", "twisted", "autobahn"},
    "interface": {"django"},
    "app/migrate": {"django", "twisted", "autobahn", "redis"},
}


@pytest.fixture(scope="module")
def known(root: Path, folders: dict[str, str]) -> dict[str, Path]:
    return modules(root, folders)


@pytest.fixture(scope="module")
def parts(folders: dict[str, str]) -> dict[str, str]:
    """The folders, and the parts of `app` that have a row of their own."""
    return folders | PARTS


@pytest.fixture(scope="module")
def found(known: dict[str, Path]) -> list["Import"]:
    return [each for module, source in known.items() for each in imports_of(module, source)]


def test_every_folder_imports_only_what_its_arrows_allow(found, known, parts):
    wrong = []
    for each in found:
        target = resolve(each.imported, known)
        here, there = folder_of(each.module, parts), folder_of(target, parts)
        allowed = ARROWS.get(here, set(parts)) | {here, None}
        if each.when != "types" and there not in allowed and target not in VOCABULARY:
            wrong.append(f"{known[each.module]}:{each.line}: {here} must not import {each.imported}")
    assert not wrong, "\n".join(wrong)


def test_layers_and_interface_import_no_framework_they_promise_to_do_without(found, known, parts):
    wrong = [
        f"{known[each.module]}:{each.line}: {each.imported}"
        for each in found
        if each.imported.partition(".")[0] in FOREIGN.get(folder_of(each.module, parts) or "", ())
    ]
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle_even_for_type_checkers(found, known):
    assert cycles(graph_of(found, known, {"load", "types"})) == []


def graph_of(found: list["Import"], known: dict[str, Path], when: set[str]) -> dict[str, set[str]]:
    """Return the modules that each module imports, of the kinds in `when`."""
    graph: dict[str, set[str]] = {}
    for each in found:
        target = resolve(each.imported, known)
        if each.when in when and target in known and target != each.module:
            graph.setdefault(each.module, set()).add(target)
    return graph


def test_folders_import_each_other_by_absolute_names_and_their_own_modules_by_relative_ones(known, parts):
    wrong = []
    for module, source in known.items():
        for node, _ in statements(ast.parse(source.read_text(encoding="utf-8")), "load"):
            inside = isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("towpath.")
            if inside and folder_of(node.module, parts) == folder_of(module, parts) != "app":
                wrong.append(f"{source}:{node.lineno}: from {node.module} import ...")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "module", ["towpath", "towpath.layers", "towpath.interface", "towpath.interface.cli", "towpath.migrate.cli"]
)
def test_these_load_without_django(module, tmp_path):
    code = f"import sys, {module}; print(sorted(name for name in sys.modules if name.partition('.')[0] == 'django'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_processes_import_nothing_of_metrics_and_traces_that_are_off(tmp_path):
    modules = "towpath.interface.cli, towpath.interface.server, towpath.interface.process.service, towpath.worker"
    absent = ["opentelemetry", "prometheus_client", "towpath.layers.tracing", "towpath.interface.tracing"]
    absent += ["towpath.interface.monitoring", "towpath.worker.tracing", "towpath.worker.monitoring"]
    code = f"""
import sys, django
from django.conf import settings
settings.configure(INSTALLED_APPS=["towpath"])
django.setup()
import {modules}, towpath.management.commands.runworker, towpath.management.commands.runinterface
print([name for name in {absent} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("name", ["app", "channels", "interface", "layers", "routing", "worker"])
def test_no_bare_folder_is_importable(name, tmp_path):
    done = subprocess.run([sys.executable, "-c", f"import {name}"], cwd=tmp_path, capture_output=True, check=False)
    assert b"ModuleNotFoundError" in done.stderr


def test_a_circle_is_found():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def folder_of(module: str | None, folders: dict[str, str]) -> str | None:
    """Return the folder a module lives in; None if it is not ours."""
    places = [folder for folder, package in folders.items() if f"{module}.".startswith(f"{package}.")]
    return max(places, key=lambda folder: len(folders[folder]), default=None)


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement's target. `when` is "load", "call" (inside a function) or "types" (TYPE_CHECKING)."""

    module: str
    imported: str
    when: str
    line: int


def modules(root: Path, folders: dict[str, str]) -> dict[str, Path]:
    """Return every module of the library by the name it is imported as."""
    found = {}
    for folder, package in folders.items():
        for source in (root / folder).rglob("*.py"):
            parts = [package, *source.relative_to(root / folder).with_suffix("").parts]
            found[".".join(parts).removesuffix(".__init__")] = source
    return found


def imports_of(module: str, source: Path) -> list[Import]:
    """Return what a module imports, with relative names made absolute."""
    package = module if source.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return [
        Import(module, imported, when, node.lineno)
        for node, when in statements(tree, "load")
        for imported in targets(node, package)
    ]


def statements(node: ast.AST, when: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Walk the tree; yield import statements and when they run."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, when
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from statements(child, "types" if when == "types" else "call")
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from statements(child, "types")
        else:
            yield from statements(child, when)


def targets(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """Return the imported names: `from a import b` counts as `a.b`, which `resolve` shortens unless b is a module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        parts = package.split(".")
        base = ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def resolve(imported: str, known: dict[str, Path]) -> str:
    """Return the module of the library that a name lives in, or the name itself if it is not ours."""
    name = imported
    while name:
        if name in known:
            return name
        name = name.rpartition(".")[0]
    return imported


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected groups of more than one module (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return found
