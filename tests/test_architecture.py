"""The order of the house: who may import whom (docs/architecture.md), and what may be imported where.

The rules are the tables below. Each test reads the source, and each kind of fault is also made on a small tree, to show
that the check would find it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import imports, paths
from support.imports import Import, When, room

PACKAGE = paths.ROOT / "sketch_rnn_keras"

# Bottom to top. A room may import those below it and those beside it, as long as no rooms form a circle.
ORDER = (
    ("errors", "_version", "streams"),
    ("files", "strokes", "backends"),
    ("hparams", "data"),
    ("model", "conversion"),
    ("sampling", "interop"),
    ("latent", "loading"),
    ("pictures",),
    ("training", "web", "quality"),
    ("cli",),
    ("__init__", "__main__"),
)
MOST_ROOMS = 20
LONGEST_CHAIN = 10  # imports from room to room

# What may be imported in these files alone, in whatever way. A folder stands for all files in it.
ONLY_IN = {
    "tensorflow": ("backends/", "interop/magenta.py"),
    "jax": ("backends/", "interop/magenta.py"),
    "requests": ("files/transfer.py", "files/fetching.py"),
    "huggingface_hub": ("interop/hub.py",),
    "urllib3": ("files/transfer.py", "files/fetching.py"),
}
# What these files never import, not even in a function.
NOWHERE_IN = {
    "keras": ("data/", "files/", "conversion/", "strokes.py", "hparams.py", "errors.py", "streams.py"),
}
# The one file among those that is Keras' own: it is imported when a user of Keras asks for it.
KERAS_ADAPTER = "data/keras_batches.py"
# What is not loaded when one of these files is imported, neither by it nor by what it imports.
NOT_LOADED_BY = {
    "keras": (
        *NOWHERE_IN["keras"],
        "loading.py",
        "backends/__init__.py",
        "training/run_directory.py",
        "training/history.py",
        "training/sweep.py",
        "cli/",
    ),
}
# What loads a library when it is imported, beside the library itself.
STANDS_FOR = {"sketch_rnn_keras.backends.keras": "keras", "sketch_rnn_keras.backends.ops": "keras"}
# What is imported in functions alone, outside the folder it is in.
LATE = ("files/transfer.py", "files/fetching.py")


def lies_in(file: str, places: tuple[str, ...]) -> bool:
    return any(file.startswith(place) if place.endswith("/") else file == place for place in places)


def level(one: str) -> int:
    return next((k for k, rooms in enumerate(ORDER) if one in rooms), -1)


def climbs(found: list[Import]) -> Iterator[str]:
    """Imports of a higher room. The package's own names are for type checkers, and so may come from anywhere."""
    for one in found:
        if one.is_inside and level(room(one.target)) > level(room(one.file)):
            yield f"{one}, which is higher up"


def circles(found: list[Import]) -> Iterator[str]:
    if turn := imports.circle(found):
        yield "a circle: " + ", ".join(map(str, turn))


def out_of_place(found: list[Import]) -> Iterator[str]:
    for one in found:
        if not one.is_inside and not lies_in(one.file, ONLY_IN.get(one.target, (one.file,))):
            yield f"{one}, which is for {' and '.join(ONLY_IN[one.target])}"
        if one.file == KERAS_ADAPTER:
            continue
        if not one.is_inside and lies_in(one.file, NOWHERE_IN.get(one.target, ())):
            yield f"{one}, which it works without"


def loaded_too_early(found: list[Import]) -> Iterator[str]:
    for library, places in NOT_LOADED_BY.items():
        for file in sorted({one.file for one in found if lies_in(one.file, places)} - {KERAS_ADAPTER}):
            if way := imports.way_to(library, file, found):
                yield f"{file} loads {library}: " + ", ".join(map(str, way))
    for one in found:
        if one.target in LATE and one.when is When.AT_ONCE and room(one.file) != room(one.target):
            yield f"{one}, which is for functions to import"


RULES = (climbs, circles, out_of_place, loaded_too_early)


@pytest.fixture(scope="module")
def found() -> list[Import]:
    return imports.imports(PACKAGE, STANDS_FOR)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_the_rule(found, rule):
    assert list(rule(found)) == []


def test_every_room_has_its_place_in_the_order():
    rooms = {room(path.relative_to(PACKAGE).as_posix()) for path in PACKAGE.rglob("*.py")}
    assert {one for one in rooms if level(one) < 0} == set()


def test_nothing_but_the_command_opens_the_page(found):
    """It stands beside training, which must not need it."""
    assert {room(one.file) for one in found if one.is_inside and room(one.target) == "web"} == {"web", "cli"}


def test_there_are_few_rooms():
    tops = [path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert len([path for path in tops if path.name != "__init__.py"]) <= MOST_ROOMS


def test_no_chain_of_imports_is_long(found):
    chain = imports.longest_chain(found)
    assert len(chain) <= LONGEST_CHAIN, chain


def test_every_place_in_the_tables_is_there(found):
    """A rule about a file that was renamed would hold nothing."""
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    named = {place for table in (ONLY_IN, NOWHERE_IN, NOT_LOADED_BY) for places in table.values() for place in places}
    assert {place for place in named | {*LATE} if not any(lies_in(file, (place,)) for file in files)} == set()


# ---------------------------------------------------------------------------------------------- the check itself


def tree(folder: Path, files: dict[str, str]) -> list[Import]:
    """The imports of a package of these files."""
    for name, text in files.items():
        path = folder / "sketch_rnn_keras" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for parent in path.relative_to(folder / "sketch_rnn_keras").parents:
            (folder / "sketch_rnn_keras" / parent / "__init__.py").touch()
    return imports.imports(folder / "sketch_rnn_keras", STANDS_FOR)


GOOD = {
    "errors.py": "",
    "files/writing.py": "from ..errors import InputError",
    "files/transfer.py": "import requests",
    "model/cells.py": "import keras\nfrom ..errors import InputError",
    "model/sketch_rnn.py": "from ..files import writing\nfrom . import cells",
    "loading.py": "def load():\n    from .model.sketch_rnn import SketchRNN",
    "cli/train.py": "from ..loading import load\nfrom .. import errors",
    "data/npz.py": "import numpy as np\ndef fetch():\n    from ..files import transfer",
    "backends/__init__.py": "",
    "backends/jax.py": "import jax, keras",
}


def faults(folder: Path, changes: dict[str, str]) -> str:
    found = tree(folder, GOOD | changes)
    return "\n".join(fault for rule in RULES for fault in rule(found))


def test_a_tree_in_order_has_no_fault(tmp_path):
    assert faults(tmp_path, {}) == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from ..model.cells import LSTM", 1),
        ("from ..model import cells", 1),
        ("from .. import errors\nfrom ..model.cells import *", 2),
        ("import sketch_rnn_keras.model.cells", 1),
        ("from sketch_rnn_keras.model import cells", 1),
        ("def write():\n    from ..model import cells", 2),
        ("class Writer:\n    async def write(self):\n        if True:\n            from ..model import cells", 4),
        ("try:\n    from ..model import cells\nexcept ImportError:\n    pass", 2),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..model.cells import LSTM", 3),
        ("import typing\nif typing.TYPE_CHECKING:\n    from ..model.cells import LSTM", 3),
    ],
)
def test_an_import_turned_round_fails_and_both_files_are_named(tmp_path, text, line):
    expected = f"files/writing.py:{line} imports model/cells.py, which is higher up"
    assert faults(tmp_path, {"files/writing.py": text}).splitlines()[0] == expected


def test_the_package_s_own_names_are_not_for_its_rooms(tmp_path):
    changes = {"loading.py": "from . import load_model"}
    assert faults(tmp_path, changes) == "loading.py:1 imports __init__.py, which is higher up"


def test_rooms_side_by_side_may_import_one_another_one_way(tmp_path):
    assert faults(tmp_path, {"data/npz.py": "from ..hparams import HParams", "hparams.py": ""}) == ""


def test_rooms_side_by_side_in_a_circle_fail_and_both_files_are_named(tmp_path):
    changes = {"data/npz.py": "from ..hparams import HParams", "hparams.py": "\nfrom .data import npz"}
    message = faults(tmp_path, changes)
    assert "a circle: " in message
    assert "data/npz.py:1 imports hparams.py" in message
    assert "hparams.py:2 imports data/npz.py" in message


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "model/cells.py",
            "import tensorflow as tf",
            "imports tensorflow, which is for backends/ and interop/magenta.py",
        ),
        ("model/cells.py", "def f():\n    from jax import numpy", "imports jax, which is for backends/"),
        ("data/npz.py", "import requests.adapters", "imports requests, which is for files/transfer.py and"),
        ("interop/magenta.py", "from urllib3 import util", "imports urllib3, which is for files/transfer.py and"),
        ("data/npz.py", "def f():\n    from keras import ops", "imports keras, which it works without"),
        ("hparams.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras", "imports keras, which"),
        ("loading.py", "import keras", "loading.py loads keras: loading.py:1 imports keras"),
        (
            "data/npz.py",
            "from ..files.transfer import get",
            "imports files/transfer.py, which is for functions to import",
        ),
    ],
)
def test_what_is_imported_out_of_place_is_named(tmp_path, file, text, message):
    assert message in faults(tmp_path, {file: text})
    assert f"{file}:{len(text.splitlines())} " in faults(tmp_path, {file: text})


@pytest.mark.parametrize("file", ["interop/magenta.py", "backends/tensorflow.py"])
def test_a_backend_in_its_place_is_no_fault(tmp_path, file):
    assert faults(tmp_path, {file: "import tensorflow"}) == ""


def test_keras_is_no_fault_where_it_is_not_loaded_at_once(tmp_path):
    late = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras\ndef f():\n    import keras"
    assert faults(tmp_path, {"loading.py": late}) == ""


def test_keras_that_comes_with_another_module_is_found(tmp_path):
    changes = {"cli/train.py": "from ..loading import load", "loading.py": "from .model import sketch_rnn"}
    assert (
        "cli/train.py loads keras: cli/train.py:1 imports loading.py, loading.py:1 imports model/sketch_rnn.py, "
        "model/sketch_rnn.py:2 imports model/cells.py, model/cells.py:1 imports keras"
    ) in faults(tmp_path, changes)


def test_keras_that_comes_with_the_folder_is_found(tmp_path):
    assert "cli/train.py loads keras: cli/__init__.py:1 imports keras" in faults(
        tmp_path, {"cli/__init__.py": "import keras", "cli/train.py": "import os"}
    )


def test_the_longest_chain_is_counted_from_room_to_room(tmp_path):
    chain = imports.longest_chain(tree(tmp_path, GOOD))
    assert [str(one) for one in chain] == [
        "cli/train.py:1 imports loading.py",
        "loading.py:2 imports model/sketch_rnn.py",
        "model/sketch_rnn.py:1 imports files/writing.py",
        "files/writing.py:1 imports errors.py",
    ]
