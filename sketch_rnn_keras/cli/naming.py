"""Drawings by name, as a user writes them on the command line.

Enters: names such as `17`, `random`, `0-9`, `3,8,20-24`, `doodles:owl#3`, `cat.npz#random` or `mine.svg`. Leaves: for
each name its drawings, stroke-3 in data units.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data.datasets import Split, load_split
from ..data.npz import SPLITS
from ..errors import InputError, one_of
from ..streams import Stream, generator
from ..strokes import simplify_to
from .common import say

_PLACE = re.compile(r"random|(\d{1,9})(?:-(\d{1,9}))?")


class Named(NamedTuple):
    """A drawing and what to call it in a picture."""

    label: str
    stroke3: np.ndarray


class DrawingFinder:
    """Finds drawings by name; each data set is read once.

    Args:
        data: the data sets, joined, that plain places such as `17` refer to.
        split: "train", "valid" or "test": where in a data set to look.
        seed: of what is drawn for `random`; it depends on the seed and on the place of the name among all.
        max_seq_len: longer drawings are simplified, which is said, and never meant by `random` or `first`.
        svg_size: longer side of an SVG file's drawing, in data units; Quick, Draw!'s is 255.
        data_dir: where the files of plain names lie.

    Raises:
        InputError: another split.
    """

    def __init__(
        self,
        data: Sequence[str],
        *,
        split: str = "test",
        seed: int = 0,
        max_seq_len: int | None = None,
        svg_size: float = 255.0,
        data_dir: str | os.PathLike = "data",
    ):
        one_of("--split", split, SPLITS)
        self.data, self.split, self.seed, self._longest = tuple(data), split, seed, max_seq_len or np.inf
        self.svg_size, self.data_dir = svg_size, data_dir
        self._splits: dict[tuple[str, ...], Split] = {}
        self._count = 0

    def find(self, name: str) -> list[Named]:
        """The drawings that `name` means: one, or for a range such as `0-9` or a list such as `3,8,20-24` several.

        Raises:
            InputError: nothing has this name, and the message says which forms there are; or a drawing has so many pen
                strokes that it cannot be simplified to `max_seq_len` points.
        """
        return [self._fit(name, one, self._longest, self._longest) for one in self._find(name)]

    def find_one(self, name: str) -> Named:
        """The one drawing that `name` means.

        Raises:
            InputError: as `find`, or the name is a range or a list.
        """
        return self._fit(name, self._find_one(name), self._longest, self._longest)

    def find_unfinished(self, name: str, points: int | None) -> Named:
        """The one drawing that `name` means, or its first `points`, with room for an ending.

        If it leaves no room, it is simplified to half of `max_seq_len`.

        Raises:
            InputError: as `find_one`, or the drawing has fewer points.
        """
        one = self._find_one(name)
        total = len(one.stroke3)
        if points and points > total:
            raise InputError(f"--points: expected at most {total}, the points of {name}, received {points}")
        return self._fit(name, one._replace(stroke3=one.stroke3[:points]), self._longest - 1, self._longest // 2)

    def _find_one(self, name: str) -> Named:
        found = self._find(name)
        if len(found) != 1:
            raise InputError(f"drawing {name!r}: expected one drawing, received {len(found)}")
        return found[0]

    def _fit(self, name: str, one: Named, longest: float, simplified: float) -> Named:
        """`one` as it is if it has at most `longest` points; else with at most `simplified` of them."""
        total = len(one.stroke3)
        if total <= longest:
            return one
        try:
            stroke3, epsilon = simplify_to(one.stroke3, int(simplified))
        except InputError as error:
            raise InputError(f"drawing {name!r}: {error} (the model's N_max is {self._longest})") from None
        what, kept = name if _is_svg(name) else one.label, len(stroke3)
        say(f"note   {what}: simplified from {total} points to {kept}, epsilon {epsilon:.3g}; N_max is {self._longest}")
        return one._replace(stroke3=stroke3)

    def _find(self, name: str) -> list[Named]:
        if _is_svg(name):
            self._count += 1
            return [Named(Path(name).stem, self._read_svg(Path(name)))]
        source, mark, place = name.rpartition("#")
        parts = place.split(",")
        matches = [match for match in map(_PLACE.fullmatch, parts) if match]
        if len(matches) < len(parts):
            raise InputError(
                f"drawing {name!r}: expected an index such as 17, a range such as 0-9, random, a list of these such as "
                "3,8,20-24, one in a data set of its own (doodles:owl#3, cat.npz#random), or an .svg file"
            )
        sources = (source,) if mark else self.data
        drawings = self._load(sources)
        prefix = Path(source).stem if mark else "drawing"
        places = [k for match in matches for k in self._places(name, match, drawings, sources)]
        return [Named(f"{prefix} {k}", drawings[k]) for k in places]

    def find_all(self, names: Sequence[str]) -> list[Named]:
        """The drawings that all `names` mean, in their order; raises as `find` does."""
        return [one for name in names for one in self.find(name)]

    def first(self, source: str, count: int) -> list[Named]:
        """The first `count` drawings of a data set's split that are not too long; raises as `find` does."""
        drawings = self._load((source,))
        return [Named(f"{Path(source).stem} {k}", drawings[k]) for k in self._fitting(drawings, source)[:count]]

    def _fitting(self, drawings: Split, source: str) -> np.ndarray:
        fitting = np.flatnonzero(drawings.lengths <= self._longest)
        if not len(fitting):
            raise InputError(f"{source}: every drawing of the {self.split} split has more than {self._longest} points")
        return fitting

    def _read_svg(self, path: Path) -> np.ndarray:
        """Aligned, scaled and simplified as `sketch-rnn convert` does it, then brought to `svg_size`."""
        from ..conversion.inputs import read_svg
        from ..conversion.items import Reading, Rejected
        from ..conversion.prepare import CANVAS, prepare

        if not path.is_file():
            raise InputError(f"drawing {path}: no such file")
        try:
            [drawing] = read_svg(path, Reading())
        except InputError as error:
            raise InputError(f"drawing {path}: {error}") from None
        stroke3 = None if isinstance(drawing, Rejected) else prepare([drawing])[0]
        if stroke3 is None:
            raise InputError(f"drawing {path}: expected pen strokes, found none that has a length")
        return stroke3 * np.array([self.svg_size / CANVAS, self.svg_size / CANVAS, 1], "float32")

    def _places(self, name: str, match: re.Match, drawings: Split, sources: Sequence[str]) -> Sequence[int]:
        self._count += 1
        if match.group() == "random":
            fitting = self._fitting(drawings, ", ".join(sources))
            return [int(generator(self.seed, Stream.NAMED_DRAWING, self._count).choice(fitting))]
        first, total = int(match[1]), len(drawings)
        last = int(match[2] or first)
        if last < first:
            raise InputError(f"drawing {name!r}: expected a range that begins with the smaller place, {last}-{first}")
        if last >= total:
            raise InputError(
                f"drawing {name!r}: expected places from 0 to {total - 1}, the {self.split} split of "
                f"{', '.join(sources)} (--split chooses another)"
            )
        return range(first, last + 1)

    def _load(self, sources: tuple[str, ...]) -> Split:
        if sources not in self._splits:
            if not sources:
                raise InputError("expected a data set for drawings named by index: add --data")
            self._splits[sources] = load_split(sources, self.split, data_dir=self.data_dir)
        if not len(drawings := self._splits[sources]):
            raise InputError(f"the {self.split} split of {', '.join(sources)} is empty; --split chooses another")
        return drawings


def _is_svg(name: str) -> bool:
    return name.lower().endswith(".svg")
