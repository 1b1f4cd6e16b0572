"""Who imports whom in a package, read from its source without running it.

Enters: a package's folder. Leaves: every import in it, with its place, and the graph of its rooms. A room is a folder
or a module at the top of the package; `__init__` is the room of the package's own `__init__.py`.
"""

import ast
import graphlib
import itertools
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class When(Enum):
    """When an import is carried out."""

    AT_ONCE = "with the module"
    IN_A_FUNCTION = "when a function runs"
    FOR_TYPES = "never: under `if TYPE_CHECKING`"


class Import(NamedTuple):
    """One import.

    Attributes:
        file: what imports, relative to the package's folder, such as `cli/data.py`.
        line: where.
        target: what is imported: a file of the package, such as `files/writing.py`, or the name of a library.
        is_inside: whether the target is in the package.
        when: when it is carried out.
    """

    file: str
    line: int
    target: str
    is_inside: bool
    when: When

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.target}"


def room(file: str) -> str:
    """The room of a file: `cli` of `cli/data.py`, `errors` of `errors.py`."""
    return file.split("/")[0].removesuffix(".py")


def imports(package: Path, stands_for: Mapping[str, str] = MappingProxyType({})) -> list[Import]:
    """Every import of every module of `package`; of a star import, what it is from.

    Args:
        package: its folder.
        stands_for: dotted names of the package that load a library when they are imported; such an import counts as
            one of the library, too.
    """
    files = sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))
    found = []
    for file in files:
        tree = ast.parse((package / file).read_text(encoding="utf-8"), filename=file)
        for node, when in _import_nodes(tree, When.AT_ONCE):
            for name in _names(node, file, package.name):
                inside = _file_of(name, package.name, files)
                found.append(Import(file, node.lineno, inside or name.split(".")[0], inside is not None, when))
                if name in stands_for:
                    found.append(Import(file, node.lineno, stands_for[name], False, when))
    return found


def _import_nodes(node: ast.AST, when: When) -> Iterator[tuple[ast.Import | ast.ImportFrom, When]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, when
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for statement in child.body:
                yield from _import_nodes(ast.Module([statement], []), When.FOR_TYPES)
            for statement in child.orelse:
                yield from _import_nodes(ast.Module([statement], []), when)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _import_nodes(child, When.FOR_TYPES if when is When.FOR_TYPES else When.IN_A_FUNCTION)
        else:
            yield from _import_nodes(child, when)


def _names(node: ast.Import | ast.ImportFrom, file: str, package: str) -> list[str]:
    """The dotted names that a statement imports, relative ones resolved; the last part may be no module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        folders = [package, *file.split("/")[:-1]]
        base = ".".join([*folders[: len(folders) - node.level + 1], *filter(None, [node.module])])
    return [f"{base}.{alias.name}" for alias in node.names]


def _file_of(name: str, package: str, files: list[str]) -> str | None:
    """The file of the package that a dotted name is in: its own, or of the module or package that defines it."""
    first, *parts = name.split(".")
    if first != package:
        return None
    for known in range(len(parts), -1, -1):
        stem = "/".join(parts[:known])
        for candidate in (f"{stem}.py", f"{stem}/__init__.py".lstrip("/")):
            if candidate in files:
                return candidate
    return None


def between_rooms(found: list[Import]) -> dict[tuple[str, str], Import]:
    """By the two rooms, the first import from one to the other."""
    pairs: dict[tuple[str, str], Import] = {}
    for one in found:
        if one.is_inside and room(one.file) != room(one.target):
            pairs.setdefault((room(one.file), room(one.target)), one)
    return pairs


def circle(found: list[Import]) -> list[Import]:
    """The imports that lead from a room round to itself; none where no rooms form a circle."""
    pairs = between_rooms(found)
    try:
        list(_sorter(pairs).static_order())
    except graphlib.CycleError as error:
        rooms = error.args[1][::-1]  # each is imported by the one before
        return [pairs[pair] for pair in itertools.pairwise(rooms)]
    return []


def longest_chain(found: list[Import]) -> list[Import]:
    """The longest way from room to room along imports."""
    pairs, chains = between_rooms(found), {}
    for one in _sorter(pairs).static_order():
        ways = [[pairs[one, other], *chains[other]] for importer, other in pairs if importer == one]
        chains[one] = max(ways, key=len, default=[])
    return max(chains.values(), key=len, default=[])


def _sorter(pairs: dict[tuple[str, str], Import]) -> graphlib.TopologicalSorter:
    sorter: graphlib.TopologicalSorter = graphlib.TopologicalSorter()
    for importer, imported in pairs:
        sorter.add(importer, imported)
    return sorter


def way_to(library: str, file: str, found: list[Import]) -> list[Import]:
    """The imports that load `library` when `file` is imported, one leading to the next; none if it is not loaded.

    Importing a module imports the packages that it is in first.
    """
    ways: dict[str, list[Import]] = {start: [] for start in _loaded_with(file)}
    waiting = list(ways)
    for current in waiting:
        for one in found:
            if one.file != current or one.when is not When.AT_ONCE:
                continue
            if one.target == library and not one.is_inside:
                return [*ways[current], one]
            for reached in _loaded_with(one.target) if one.is_inside else ():
                if reached not in ways:
                    ways[reached] = [*ways[current], one]
                    waiting.append(reached)
    return []


def _loaded_with(file: str) -> list[str]:
    """The file and the `__init__.py` of each folder above it."""
    folders = file.split("/")[:-1]
    above = ["/".join([*folders[:depth], "__init__.py"]) for depth in range(len(folders) + 1)]
    return [*above, file] if file not in above else above
