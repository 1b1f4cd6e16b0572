"""Measures sketches against real drawings: one row of numbers for each set of sketches.

Enters: real drawings of a data set, those that a model was trained on and those that it was not, a recogniser; then
sketches. Leaves: rows, dictionaries of numbers that JSON can hold, None where something cannot be measured.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import latent
from ..data.datasets import Dataset, Split
from ..data.npz import SPLITS
from ..errors import InputError, one_of, whole_number
from ..model.sketch_rnn import SketchRNN
from ..sampling import sample
from ..streams import Stream, generator
from . import metrics, paths, raster
from .controls import copied, scribble
from .recogniser import Recogniser

Row = dict[str, Any]
ALL = "all"  # splits, joined
MOST_TRAINING = 25_000  # training drawings that sketches are looked for in
MOST_RECONSTRUCTED = 500
RECONSTRUCTION_TEMPERATURE = 0.2  # as of `sketch-rnn reconstruct`
LEAST_REAL = 2 * metrics.MIN_VECTORS


class Judge:
    """Compares sets of sketches with the same real drawings, always equally many.

    Args:
        dataset: real drawings; its training split is what sketches may be copies of, the others are held out.
        recogniser: what looks at them.
        categories: what the drawings are of; those that the recogniser does not know are not asked for.
        count: sketches of a set; fewer if the split has not twice as many drawings: half of them are set aside, to
            tell how far real drawings are from one another.
        split: the real drawings: train, valid, test or all.
        seed: of every choice.

    Attributes:
        count: how many sketches are compared with as many real drawings.
        real: these, stroke-3 in data units.
        floor: as many others.

    Raises:
        InputError: the split has fewer than 20 drawings, or there is no such split.
    """

    def __init__(
        self,
        dataset: Dataset,
        recogniser: Recogniser,
        categories: Sequence[str],
        *,
        count: int = 1000,
        split: str = "train",
        seed: int = 0,
    ):
        one_of("split", split, (*SPLITS, ALL))
        count = whole_number("count", count, least=metrics.MIN_VECTORS)
        pool = _chosen([getattr(dataset, each) for each in SPLITS if split in (each, ALL)], 2 * count, seed, 0)
        if len(pool) < LEAST_REAL:
            raise InputError(f"split {split}: expected at least {LEAST_REAL} drawings, received {len(pool)}")
        self.count, self.seed, self.recogniser = min(count, len(pool) // 2), seed, recogniser
        self.real, self.floor = pool[: self.count], pool[self.count : 2 * self.count]
        self.training = _chosen([dataset.train], MOST_TRAINING, seed, 1)
        self.held_out = _chosen([dataset.valid, dataset.test], count, seed, 2)
        self.places = recogniser.indices(categories)
        self._real_seen = recogniser.see(self.real)
        self._diversity = metrics.diversity(self._real_seen.features)
        self._lengths = np.array([len(drawing) for drawing in self.real])
        self._training_pixels, self._held_out_distances = _pixels(self.training), np.zeros(0)
        if min(len(self.training), len(self.held_out)) >= metrics.MIN_VECTORS:
            self._held_out_distances = metrics.distances_to(self._training_pixels, _pixels(self.held_out))

    def measure(self, sketches: Sequence[np.ndarray], max_points: int | None = None) -> Row:
        """The measures of a set of sketches: of its first `count` those that compare sets, of all of them the others.

        Args:
            sketches: stroke-3 arrays, in data units; at least `count`.
            max_points: where a sketch was cut that had not ended; None where none was.
        """
        seen = self.recogniser.see(sketches)
        equal, real = seen.features[: self.count], self._real_seen.features
        kernel = metrics.kernel_distance(equal, real)
        lengths = np.array([len(sketch) for sketch in sketches])
        return {
            "sketches": len(sketches),
            **self._recognition(seen.probabilities),
            "fid": metrics.frechet_distance(equal, real),
            "fid_error": metrics.frechet_distance_error(equal, real, self.seed),
            "fid_infinity": metrics.frechet_distance_at_infinity(equal, real, self.seed),
            "kid": kernel.value,
            "kid_error": kernel.error,
            **metrics.neighbourhood(equal, real)._asdict(),
            "diversity": metrics.diversity(equal) / self._diversity if self._diversity else None,
            **self._copying(sketches),
            "ended": None if max_points is None else paths.share_ended(lengths, max_points),
            "empty": float((lengths == 0).mean()),
            "mean_points": float(lengths.mean()),
            "length_distance": paths.length_distance(lengths, self._lengths),
        }

    def reconstruction(self, model: SketchRNN) -> Row | None:
        """How well a model draws again what it has read; None for one that reads or draws nothing.

        The drawings are held out or, where fewer than 10 are, real ones. `chamfer_of_others` and `frechet_of_others`
        are the distances of two originals, beside which those of an original and its reconstruction are to be seen;
        all four are of the reconstructions that have points, as many as `drawn` says.

        Raises:
            InputError: the model reads drawings, and does not know its scale factor.
        """
        if model.hparams.conditional and model.scale_factor is None:
            raise InputError("scale_factor: expected a model that knows its own, since it is to read drawings; give it")
        originals = self.held_out if len(self.held_out) >= metrics.MIN_VECTORS else self.real
        originals = [one for one in originals if len(one) <= model.hparams.max_seq_len][:MOST_RECONSTRUCTED]
        if not model.hparams.conditional or len(originals) < metrics.MIN_VECTORS:
            return None
        codes = latent.encode(model, originals)
        again = sample(model, z=codes, temperature=RECONSTRUCTION_TEMPERATURE, seed=self.seed)
        found = metrics.retrieval(self.recogniser.see(again).features, self.recogniser.see(originals).features)
        drawn = [k for k, sketch in enumerate(again) if len(sketch)]
        if not drawn:
            return None
        before, after = (paths.along_the_ink([each[k] for k in drawn]) for each in (originals, again))
        return {
            "drawings": len(originals),
            "drawn": len(drawn),
            "temperature": RECONSTRUCTION_TEMPERATURE,
            **{f"top_{rank}": share for rank, share in found.items()},
            "chamfer": float(paths.chamfer_distances(before, after).mean()),
            "chamfer_of_others": float(paths.chamfer_distances(before, np.roll(before, 1, axis=0)).mean()),
            "frechet": float(paths.frechet_distances(before, after).mean()),
            "frechet_of_others": float(paths.frechet_distances(before, np.roll(before, 1, axis=0)).mean()),
        }

    def controls(self) -> dict[str, list[np.ndarray]]:
        """Sets whose places are known: training drawings, copies of them by a trembling hand, and scribbles."""
        training = [self.training[k % len(self.training)] for k in range(self.count)]
        rngs = [generator(self.seed, Stream.QUALITY_CONTROL, k) for k in range(2 * self.count)]
        return {
            "training drawings": training,
            "copy machine": [copied(*each) for each in zip(training, rngs[: self.count], strict=True)],
            "scribbles": [scribble(*each) for each in zip(self.real, rngs[self.count :], strict=True)],
        }

    def _recognition(self, probabilities: np.ndarray) -> Row:
        """The share that is taken for one of the categories, how sure of it the recogniser is, and which they are."""
        if not self.places:
            return {"recognised": None, "confidence": None, "shares": None}
        names = self.recogniser.categories
        taken = np.bincount(probabilities.argmax(axis=1), minlength=len(names)) / len(probabilities)
        return {
            "recognised": float(taken[self.places].sum()),
            "confidence": float(probabilities[:, self.places].sum(axis=1).mean()),
            "shares": {names[k]: float(taken[k]) for k in np.argsort(-taken, kind="stable") if taken[k] > 0},
        }

    def _copying(self, sketches: Sequence[np.ndarray]) -> Row:
        if not len(self._held_out_distances):
            return dict.fromkeys(metrics.Copying._fields)
        own = metrics.distances_to(self._training_pixels, _pixels(sketches))
        return metrics.copying(own, self._held_out_distances)._asdict()


def measure_model(
    judge: Judge,
    model: SketchRNN,
    temperatures: Sequence[float],
    progress: Callable[[int], None] | None = None,
) -> list[Row]:
    """One row for each temperature, from the same random numbers.

    Args:
        judge: what measures, and says how many sketches.
        model: what draws.
        temperatures: tau of each row.
        progress: told how many sketches of all are drawn.
    """
    rows = []
    for k, temperature in enumerate(temperatures):
        told = None if progress is None else counted(progress, k * judge.count)
        sketches = sample(model, judge.count, temperature, judge.seed, progress=told)
        rows.append({"temperature": temperature, **judge.measure(sketches, model.hparams.max_seq_len)})
    return rows


def untrained(model: SketchRNN) -> SketchRNN:
    """A model of the same hyperparameters and scale that has learnt nothing."""
    return SketchRNN(model.hparams, model.scale_factor)


def counted(progress: Callable[[int], None], before: int) -> Callable[[int], None]:
    """`progress` for a part of the work, `before` which so many were finished."""
    return lambda finished: progress(before + finished)


def _chosen(splits: Sequence[Split], most: int, seed: int, index: int) -> list[np.ndarray]:
    """Drawings of the splits in a random order, `most` at most; with fewer asked for, the first of these."""
    lengths = np.array([len(split) for split in splits])
    ends = np.cumsum(lengths)
    chosen = generator(seed, Stream.QUALITY_CHOICE, index).permutation(int(ends[-1]))[:most]
    found = np.searchsorted(ends, chosen, side="right").tolist()
    return [splits[place][int(k - ends[place] + lengths[place])] for place, k in zip(found, chosen, strict=True)]


def _pixels(drawings: Sequence[np.ndarray]) -> np.ndarray:
    """Rasters as vectors of length 1, float32 `[n, 784]`; an empty square is 0.

    Without that, an empty square would be near to every drawing of little ink.
    """
    pixels = raster.rasterise(drawings).reshape(len(drawings), raster.QUICK_DRAW.size**2).astype("float32")
    return pixels / np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1)
