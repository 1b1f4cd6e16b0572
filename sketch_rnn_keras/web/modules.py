"""JavaScript modules joined into one script, for a page that may load nothing.

Enters: a folder of modules that import one another by name, `import { a, b } from "./file.js";`. Leaves: one text, in
which each stands after those that it imports, without `import` and `export`. All share one scope, so a name may be
defined at the top of one module alone. This is no bundler for anybody's JavaScript, and what it cannot join it refuses:
one from npm would need Node to install the package.
"""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import \{([\w$,\s]+)\} from "\./([\w.-]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const)\b)", re.MULTILINE)
_DEFINITION = re.compile(r"^(?:export )?(?:async function|function\*?|class|const|let|var) ([\w$]+)", re.MULTILINE)
_LEFT = re.compile(r"^(?:(?:import|export)\b|(?:const|let|var) [{[]).*", re.MULTILINE)


def joined(folder: Path, entry: str) -> str:
    """The script of the module `entry` of `folder` and of all that it imports.

    Raises:
        ValueError: a module has another form of import, export or definition at its top than those above, imports what
            there is not, imports in a circle, or defines a name that another one defines too.
    """
    texts: dict[str, str] = {}
    _collect(folder, entry, texts, ())
    _check_names(texts)
    return "\n".join(_without_modules(name, text) for name, text in texts.items())


def _collect(folder: Path, name: str, texts: dict[str, str], importers: tuple[str, ...]) -> None:
    """Add to `texts` what the module `name` imports, and then itself."""
    if name in importers:
        raise ValueError(f"{' imports '.join((*importers, name))}: modules in a circle cannot be joined")
    if name in texts:
        return
    text = (folder / name).read_text(encoding="utf-8")
    for names, source in _IMPORT.findall(text):
        _collect(folder, source, texts, (*importers, name))
        missing = {one.strip() for one in names.split(",")} - {"", *_exported(texts[source])}
        if missing:
            raise ValueError(f"{name} imports {', '.join(sorted(missing))}, which {source} does not export")
    texts[name] = text


def _exported(text: str) -> list[str]:
    return [match[1] for match in _DEFINITION.finditer(text) if match[0].startswith("export ")]


def _check_names(texts: dict[str, str]) -> None:
    homes: dict[str, str] = {}
    for file, text in texts.items():
        for name in _DEFINITION.findall(text):
            if name in homes:
                raise ValueError(f"{homes[name]} and {file} both define {name} at the top")
            homes[name] = file


def _without_modules(name: str, text: str) -> str:
    plain = _EXPORT.sub("", _IMPORT.sub("", text))
    if left := _LEFT.search(plain):
        raise ValueError(f"{name}: expected named imports and exports, and single names, received {left[0]!r}")
    return plain
