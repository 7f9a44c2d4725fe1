"""Uses of imported modules: `channels.Group` after `import channels`, `test.WSClient` after `from channels import`."""

import libcst as cst
from libcst.metadata import ExpressionContextProvider, ImportAssignment, ScopeProvider

from .names import ROOTS, Moved, Undecided, look_up, misplaced
from .reading import Reading, dotted

#: A name, or an attribute of one.
Link = cst.Name | cst.Attribute


class Uses(Reading):
    """Rewrites `channels.Group(...)` where `import channels` is rewritten, and reports removed names.

    A name that stands alone is rewritten with its import: `if channels is None`.
    A removed name is reported also where nothing binds its package: an earlier run has rewritten the import.
    """

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        chain = _chain(node)
        if chain is None:
            return True
        for name in self.imported_names(chain[0]) if self.is_bound(chain[0]) else [dotted(chain[0]) or ""]:
            if name.partition(".")[0] in ROOTS:
                self._rewrite_chain(chain, name)
            elif name.partition(".")[0] == "towpath":
                self._find_misplaced(chain, name)
        return False

    def visit_Name(self, node: cst.Name) -> None:
        verdict = look_up(node.value) if node.value in ROOTS and self._is_imported_variable(node) else None
        if isinstance(verdict, Moved) and "." not in verdict.to:
            self.replace(node, verdict.to)

    def _is_imported_variable(self, node: cst.Name) -> bool:
        """Return whether a name is a variable that an import has bound, perhaps beside other statements."""
        scope = self.get_metadata(ScopeProvider, node, None)
        if scope is None or self.get_metadata(ExpressionContextProvider, node, None) is None:
            return False
        imports = [each for each in scope[node.value] if isinstance(each, ImportAssignment)]
        return any(name.name == node.value for each in imports for name in each.get_qualified_names_for(node.value))

    def _rewrite_chain(self, chain: list[Link], root: str) -> None:
        """Rewrite the longest part of `a.b.c` that the tables know; `root` is the object that `a` refers to."""
        for node in reversed(chain):
            written = dotted(node) or ""
            name = root + written[len(written.partition(".")[0]) :]
            verdict = look_up(name)
            if isinstance(verdict, Undecided) and node is not chain[0]:
                self.find(node, name, verdict.instead)
            if verdict is None:
                continue
            if isinstance(verdict, Moved) and self.is_bound(chain[0]):
                self._rewrite(node, name, written, verdict.to)
            elif isinstance(verdict, Moved) and node is not chain[0]:
                self.find(node, name, f"write {verdict.to}, and import its module")
            return

    def _find_misplaced(self, chain: list[Link], root: str) -> None:
        """Report names that an earlier run could not rewrite: `root` is the object of the first name of the chain."""
        for node in chain:
            written = dotted(node) or ""
            name = root + written[len(written.partition(".")[0]) :]
            if name in misplaced():
                self.find(node, name, f"write {misplaced()[name]}, and import its module")

    def _rewrite(self, node: Link, name: str, written: str, new: str) -> None:
        if written == name:  # `import channels.auth`: the text begins with the module's own name
            self._rewrite_whole(node, name, new)
        elif not _stays_in_its_module(name, new):
            module = look_up(name.rpartition(".")[0])
            where = module.to if isinstance(module, Moved) else ""
            self.find(node, f"{where}.{name.rpartition('.')[2]}", f"write {new}, and import its module")
        elif isinstance(node, cst.Attribute) and new.rpartition(".")[2] != name.rpartition(".")[2]:
            self.replace(node.attr, new.rpartition(".")[2])

    def _rewrite_whole(self, node: Link, name: str, new: str) -> None:
        if not _stays_in_its_module(name, new):
            self.find(node, name, f"write {new}, and import its module")
        else:
            self.replace(node, new)


def _stays_in_its_module(name: str, new: str) -> bool:
    """Return whether what an old name became is in what its module became."""
    module = look_up(name.rpartition(".")[0])
    return "." not in name or (isinstance(module, Moved) and new.startswith(f"{module.to}."))


def _chain(node: cst.Attribute) -> list[Link] | None:
    """Return `[a, a.b, a.b.c]` for `a.b.c`; None if it does not begin with a name."""
    chain: list[Link] = [node]
    while isinstance(chain[0], cst.Attribute):
        owner = chain[0].value
        if not isinstance(owner, (cst.Name, cst.Attribute)):
            return None
        chain.insert(0, owner)
    return chain
