"""Import statements: modules and names of 1.x become those of Towpath; those without a counterpart are named."""

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from .names import ROOTS, Moved, Undecided, look_up_import
from .reading import Reading, dotted


@dataclass(frozen=True, slots=True)
class _Target:
    """The new module of an imported name. `text` is the part after `import`."""

    module: str
    text: str


class Imports(Reading):
    """Rewrites `import ...` and `from ... import ...`."""

    def visit_Import(self, node: cst.Import) -> bool:
        for alias in node.names:
            name = dotted(alias.name)
            verdict = None if name is None else _verdict_on_module(name)
            if isinstance(verdict, Moved):
                self.replace(alias.name, verdict.to)
            elif isinstance(verdict, Undecided):
                self.find(alias, f"import {name}", verdict.instead)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        module = None if node.relative or node.module is None else dotted(node.module)
        if module is None or module.partition(".")[0] not in ROOTS:
            return False
        if isinstance(node.names, cst.ImportStar):
            self._rewrite_star(node, module)
        else:
            self._rewrite_names(node, module, node.names)
        return False

    def _rewrite_star(self, node: cst.ImportFrom, module: str) -> None:
        verdict = _verdict_on_module(module)
        if isinstance(verdict, Moved) and node.module is not None:
            self.replace(node.module, verdict.to)
        elif isinstance(verdict, Undecided):
            self.find(node, f"from {module} import *", verdict.instead)

    def _rewrite_names(self, node: cst.ImportFrom, module: str, aliases: Sequence[cst.ImportAlias]) -> None:
        targets: list[_Target] = []
        for alias in aliases:
            verdict = look_up_import(f"{module}.{alias.evaluated_name}")
            if isinstance(verdict, Undecided):
                self.find(alias, f"from {module} import {alias.evaluated_name}", verdict.instead)
            targets.append(_target(module, alias, verdict))
        modules = list(dict.fromkeys(target.module for target in targets))
        if len(modules) > 1:
            self.replace(node, self._as_statements(node, modules, targets))
        elif modules != [module] and node.module is not None:
            self.replace(node.module, modules[0])
            for alias, target in zip(aliases, targets, strict=True):
                self._rewrite_alias(alias, target)

    def _rewrite_alias(self, alias: cst.ImportAlias, target: _Target) -> None:
        name = target.text.partition(" as ")[0]
        if name != alias.evaluated_name:
            self.replace(alias.name, name if alias.asname else target.text)

    def _as_statements(self, node: cst.ImportFrom, modules: list[str], targets: list[_Target]) -> str:
        start, end = self.span(node)
        line_start = self.source.rfind(b"\n", 0, start) + 1
        before = self.source[line_start:start].decode()
        lines = [line.partition("#") for line in self.source[start:end].decode().splitlines()]
        comments = [f"#{comment}" for _, mark, comment in lines if mark]
        statements = [
            f"from {module} import {', '.join(target.text for target in targets if target.module == module)}"
            for module in modules
        ]
        newline = "\r\n" if "\r\n" in self.text else "\n"
        return f"{newline}{before}".join([*comments, *statements]) if not before.strip() else "; ".join(statements)


def _verdict_on_module(name: str) -> Moved | Undecided | None:
    return look_up_import(name) if name.partition(".")[0] in ROOTS else None


def _target(module: str, alias: cst.ImportAlias, verdict: Moved | Undecided | None) -> _Target:
    local = alias.evaluated_alias or alias.evaluated_name
    home, _, name = verdict.to.rpartition(".") if isinstance(verdict, Moved) else (module, "", alias.evaluated_name)
    if not home:  # `from channels import x` where x is a module at the top: there is none
        home, name = module, alias.evaluated_name
    return _Target(home, name if name == local else f"{name} as {local}")
