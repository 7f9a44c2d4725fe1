"""`from channels.generic.websockets import *` brought what that module imports, too; here it brings its own names."""

import libcst as cst
from libcst.metadata import ExpressionContext, ExpressionContextProvider

from .names import misplaced, moved
from .reading import Reading, dotted


class StarredNames(Reading):
    """Names uses of what only the star of 1.x brought. A name that the module binds otherwise is not one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._brought: dict[str, str] = {}

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        module = None if node.relative or node.module is None else dotted(node.module)
        if isinstance(node.names, cst.ImportStar) and module is not None:
            new = moved().get(module, module)
            for name, place in misplaced().items():
                if name.rpartition(".")[0] == new:
                    self._brought[name.rpartition(".")[2]] = place
        return False

    def visit_Name(self, node: cst.Name) -> None:
        is_read = self.get_metadata(ExpressionContextProvider, node, None) is ExpressionContext.LOAD
        if node.value in self._brought and is_read and not self.is_bound(node):
            place, _, name = self._brought.pop(node.value).rpartition(".")
            self.find(node, node.value, f"from {place} import {name}: no star brings it")
