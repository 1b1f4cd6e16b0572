"""A small convolutional network that knows drawings: which category they are of, and features to measure sets by.

Enters: stroke-3 drawings by category, to learn from; or drawings. Leaves: a `Recogniser`; or probabilities `[n, K]` and
features `[n, 64]`. Beside the categories it knows `scribble`, which is none of them: a network that has to choose one
is sure of any nonsense. One ships with the package, for the built-in subjects; `sketch-rnn train-recogniser` made it.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..backends import keras
from ..data.datasets import Split
from ..errors import InputError, reason, shown, whole_number
from ..files.arrays import read_arrays, write_arrays
from ..files.writing import check_suffix, replacing, unwritable
from ..streams import Stream, derived_seed, generator
from . import raster
from .controls import scribble

SCRIBBLE = "scribble"  # the category of what is none of the others
FEATURES = 64
BATCH = 128
STEPS = 3000
MAX_CATEGORIES = 1000
MAX_SIZE = 128  # pixels of a side
SHIPPED = Path(__file__).parent / "doodles.npz"

_FORMAT = "sketch_rnn_keras recogniser 1"
_AT_ONCE = 512  # drawings that the network sees
_SCALED_BY = 200  # drawings of each category, which tell the scale of the features


class Seen(NamedTuple):
    """What a recogniser makes of drawings.

    Attributes:
        probabilities: float32 `[n, K]`, of the categories in their order.
        features: float32 `[n, 64]`, of the last layer but one, before its rectifier.
    """

    probabilities: np.ndarray
    features: np.ndarray


class Recogniser:
    """A network and what it was taught.

    Args:
        categories: what it tells apart, `scribble` being one of them.
        style: of the rasters that it sees.
        seed: of its first weights.

    Raises:
        InputError: too few or too many categories, or a style out of its range; at most 128 pixels a side.

    Attributes:
        network: a functional Keras model from `[B, size, size, 1]`, ink being 1, to probabilities `[B, K]`, features
            `[B, 64]`.
    """

    def __init__(self, categories: Sequence[str], style: raster.Style = raster.QUICK_DRAW, seed: int = 0):
        self.categories, self.style = _checked_categories(categories), raster.checked(style)
        whole_number("size", self.style.size, 1, MAX_SIZE)
        self.network = _network(style.size, len(self.categories), seed)

    def see(self, drawings: Sequence[np.ndarray]) -> Seen:
        """Looks at stroke-3 drawings, in any unit; drawings without points are empty squares."""
        pixels = raster.rasterise(drawings, self.style)
        if not len(pixels):
            return Seen(np.zeros((0, len(self.categories)), "float32"), np.zeros((0, FEATURES), "float32"))
        parts = [
            self.network.predict_on_batch(_as_input(_padded(pixels[start : start + _AT_ONCE])))
            for start in range(0, len(pixels), _AT_ONCE)
        ]
        probabilities, features = (np.concatenate(each)[: len(pixels)] for each in zip(*parts, strict=True))
        return Seen(np.asarray(probabilities), np.asarray(features))

    def indices(self, categories: Sequence[str]) -> list[int]:
        """The places of categories among its own; of those that it does not know, none."""
        return [self.categories.index(one) for one in dict.fromkeys(categories) if one in self.categories]

    def save(self, path: str | os.PathLike) -> Path:
        """Writes an `.npz` file of numbers and text, without pickles.

        Raises:
            InputError: another suffix, or the file cannot be written.
        """
        check_suffix(path, ".npz")
        about = {"format": _FORMAT, "categories": self.categories, "style": self.style._asdict()}
        arrays = {"about": np.array(json.dumps(about))}
        arrays |= {variable.path: np.asarray(variable) for variable in self.network.weights}
        try:
            with replacing(path) as draft:
                write_arrays(draft, arrays)
        except OSError as error:
            raise unwritable(path, error) from None
        return Path(path)


def load_recogniser(path: str | os.PathLike = SHIPPED) -> Recogniser:
    """Opens a recogniser: the one that ships with the package, or another's file.

    Raises:
        InputError: the file is missing or damaged, or holds something else. Nothing in it is run.
    """
    arrays = read_arrays(Path(path))
    try:
        about = json.loads(str(arrays.pop("about")))
        if about["format"] != _FORMAT:
            raise ValueError(f"its format is {shown(about['format'])}")
        recogniser = Recogniser(about["categories"], raster.Style(**about["style"]))
        for variable in recogniser.network.weights:
            array = arrays.pop(variable.path)
            if array.shape != tuple(variable.shape) or array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError(f"{variable.path}: expected finite numbers of shape {list(variable.shape)}")
            variable.assign(array)
        if arrays:
            raise ValueError(f"it holds {shown(next(iter(arrays)))}, which is none of its weights")
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError) as error:
        raise InputError(f"{path}: expected a recogniser that this package saved: {reason(error)}") from None
    return recogniser


def train_recogniser(
    drawings: Mapping[str, Sequence[np.ndarray]],
    *,
    steps: int = STEPS,
    seed: int = 0,
    style: raster.Style = raster.QUICK_DRAW,
    progress: Callable[[int], None] | None = None,
) -> Recogniser:
    """Teaches a new recogniser.

    Every step shows it 128 drawings, each turned, slanted, stretched. All categories are as likely; scribbles too or,
    where there are many categories, one time in eleven.

    Args:
        drawings: stroke-3 arrays, each with a point at least, by category; two categories or more.
        steps: of training.
        seed: of the first weights and of the choice of drawings.
        style: of the rasters.
        progress: told the number of each step that is done.

    Raises:
        InputError: too few categories, or one without drawings, or a style out of its range.
    """
    empty = [name for name, each in drawings.items() if not len(each)]
    if empty:
        raise InputError(f"drawings: expected some of each category, received none of {shown(empty[0])}")
    steps = whole_number("steps", steps, least=1)
    recogniser = Recogniser((*drawings, SCRIBBLE), style, derived_seed(seed, Stream.LAYER_SEEDS))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    recogniser.network.compile(
        keras.optimizers.Adam(rate), loss=["sparse_categorical_crossentropy", None], jit_compile=False
    )
    told = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: progress and progress(batch + 1))
    lessons = _Lessons(list(drawings.values()), style, steps, seed)
    recogniser.network.fit(lessons, shuffle=False, verbose=0, callbacks=[told])
    _rescale(recogniser, [each[k] for each in drawings.values() for k in range(min(_SCALED_BY, len(each)))])
    return recogniser


class OfCategory(Sequence):
    """The drawings of one category among those of a split, which stay where they are.

    Args:
        split: drawings with the numbers of their categories.
        number: the category's.
    """

    def __init__(self, split: Split, number: int):
        self._split, self._places = split, np.flatnonzero(split.categories == number)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: Any) -> Any:
        return self._split[int(self._places[index])]


def scribbles(drawings: Sequence[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """One scribble of each drawing, to test a recogniser with."""
    return [scribble(drawing, generator(seed, Stream.RECOGNISER_TEST, k)) for k, drawing in enumerate(drawings)]


def _rescale(recogniser: Recogniser, drawings: Sequence[np.ndarray]) -> None:
    """Makes the mean standard deviation of the features 1, the unit of distances, and changes nothing else."""
    scale = np.float32(recogniser.see(drawings).features.std(axis=0).mean())
    if scale > 0:
        features, chosen = (recogniser.network.get_layer(name) for name in ("features", "categories"))
        for variable, factor in ((features.kernel, 1 / scale), (features.bias, 1 / scale), (chosen.kernel, scale)):
            variable.assign(variable * factor)


class _Lessons(keras.utils.PyDataset):
    """Batches of pixels and categories, step by step."""

    def __init__(self, drawings: Sequence[Sequence[np.ndarray]], style: raster.Style, steps: int, seed: int):
        super().__init__()
        self._drawings, self._style, self._steps, self._seed = drawings, style, steps, seed

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = generator(self._seed, Stream.RECOGNISER_LESSON, index)
        count = len(self._drawings)
        categories = rng.integers(0, count + max(1, count // 10), BATCH).clip(max=count)  # the last are scribbles
        shown_drawings = []
        for category in categories:
            of_one = self._drawings[int(category if category < count else rng.integers(count))]
            drawing = of_one[int(rng.integers(len(of_one)))]
            shown_drawings.append(_varied(drawing if category < count else scribble(drawing, rng), rng))
        return _as_input(raster.rasterise(shown_drawings, self._style)), categories.astype("int32")


def _varied(drawing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A drawing turned, slanted and stretched a little."""
    turn, slant, stretch = rng.normal(0, 0.1), rng.normal(0, 0.08), np.exp(rng.normal(0, 0.1))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    varied = np.array(drawing, np.float64)
    varied[:, :2] = varied[:, :2] @ np.array([[stretch, 0], [slant, 1 / stretch]]) @ rotation
    return varied


def _network(size: int, count: int, seed: int) -> Any:
    """Three convolutions, after each of which four places become one; 64 features of all that is left; a choice."""
    layers = keras.layers

    def kernel(place: int) -> Any:
        return keras.initializers.HeNormal(derived_seed(seed, Stream.LAYER_SEEDS, place))

    pixels = x = keras.Input((size, size, 1), name="pixels")
    for place, filters in enumerate((16, 32, 64)):
        x = layers.Conv2D(filters, 3, padding="same", kernel_initializer=kernel(place), name=f"convolution_{place}")(x)
        x = layers.ReLU(name=f"rectifier_{place}")(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"pooling_{place}")(x)
    x = layers.Flatten(name="places")(x)
    features = layers.Dense(FEATURES, kernel_initializer=kernel(3), name="features")(x)
    x = layers.ReLU(name="rectifier")(features)
    chosen = layers.Dense(count, activation="softmax", kernel_initializer=kernel(4), name="categories")(x)
    return keras.Model(pixels, [chosen, features], name="recogniser")


def _as_input(pixels: np.ndarray) -> np.ndarray:
    return (pixels[..., None] / np.float32(255)).astype("float32")


def _padded(pixels: np.ndarray) -> np.ndarray:
    """As many squares as the network sees at once, so that it is compiled for one number of them."""
    return np.concatenate([pixels, np.zeros((_AT_ONCE - len(pixels), *pixels.shape[1:]), pixels.dtype)])


def _checked_categories(categories: Sequence[str]) -> tuple[str, ...]:
    names = tuple(categories)
    are_names = all(isinstance(name, str) and 0 < len(name) <= 100 and name.isprintable() for name in names)
    if not are_names or len(set(names)) < len(names) or not 3 <= len(names) <= MAX_CATEGORIES or SCRIBBLE not in names:
        expected = f"2 to {MAX_CATEGORIES - 1} different names beside {SCRIBBLE!r}"
        raise InputError(f"categories: expected {expected}, received {shown(names)}")
    return names
