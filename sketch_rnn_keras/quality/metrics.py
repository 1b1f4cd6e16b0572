"""Measures of sets of drawings. Enters: vectors, one for each drawing. Leaves: a number, or a few.

The vectors are a recogniser's features (`recogniser.Seen`) or pixels (`raster.rasterise`); none of the measures
knows which. `sketches` are a model's, `real` are people's. Sources: Frechet distance (FID): arXiv 1706.08500, its bias
and the extrapolation: arXiv 1911.07023; kernel distance (KID): arXiv 1801.01401, the pairs of its estimator: Gretton et
al., "A kernel two-sample test", JMLR 13 (2012), lemma 6; precision and recall: arXiv 1904.06991; density and coverage:
arXiv 2002.09797; copies of training data: arXiv 2004.05675.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import InputError, whole_number
from ..streams import Stream, generator

MIN_VECTORS = 10  # of a set: with fewer no measure means anything
_AT_ONCE = 2**22  # distances in memory
_COPY_QUANTILE = 0.05  # of the distances of real drawings held out from training


class Estimate(NamedTuple):
    """A number and its standard error."""

    value: float
    error: float


class Neighbourhood(NamedTuple):
    """Whether two sets lie in each other's places: 1 is best, but see `density`.

    Attributes:
        precision: the share of sketches that lie as near to a real drawing as its k-th neighbour does.
        recall: the share of real drawings that lie as near to a sketch as its k-th neighbour does.
        density: in the neighbourhoods of how many real drawings a sketch lies, over k: 1 for sets of one distribution,
            above it where sketches crowd in the middle of the real ones.
        coverage: the share of real drawings with a sketch in their neighbourhood.
    """

    precision: float
    recall: float
    density: float
    coverage: float


class Copying(NamedTuple):
    """How near sketches are to the drawings that a model was trained on, beside real drawings it was not trained on.

    Attributes:
        near_copies: the share of sketches that are nearer to a training drawing than all but 5 % of the held-out
            drawings are; 0.05 is no copying, 1 nothing but copies.
        nearer: the probability that a sketch is nearer to its nearest training drawing than a held-out drawing is to
            its own; 0.5 is no copying, 1 nothing but copies, 0 far from all that is real.
        novelty: the median distance to the nearest training drawing, over that of the held-out drawings; 0 of the
            training drawings themselves.
    """

    near_copies: float
    nearer: float
    novelty: float


# --- distances of distributions -------------------------------------------------------------------------------------


def frechet_distance(sketches: np.ndarray, real: np.ndarray) -> float:
    """FID: the squared 2-Wasserstein distance of two normal distributions with the means and covariances of the sets.

    |m - n|^2 + tr(C + D - 2 (C^1/2 D C^1/2)^1/2). It is too large for small sets, by an amount that falls as 1 over
    their size and differs from model to model: compare equal sizes, or see `frechet_distance_at_infinity`.

    Args:
        sketches, real: `[n, d]` and `[m, d]`, at least 10 vectors each.

    Source: arXiv 1706.08500.
    """
    sketches, real = _checked("sketches", sketches), _checked("real", real)
    root = _root(np.cov(sketches, rowvar=False).reshape(2 * [sketches.shape[1]]))
    second = np.cov(real, rowvar=False).reshape(2 * [real.shape[1]])
    means = np.square(sketches.mean(axis=0) - real.mean(axis=0)).sum()
    crossed = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return float(max(0.0, means + np.square(root).sum() + np.trace(second) - 2 * crossed))


def frechet_distance_error(sketches: np.ndarray, real: np.ndarray, seed: int = 0, rounds: int = 20) -> float:
    """The standard error of `frechet_distance`, by the bootstrap: its spread over sets drawn from these.

    The bootstrap's mean is no estimate: repeated vectors make sets that seem further apart.
    """
    rng = generator(seed, Stream.QUALITY_RESAMPLING)
    values = [
        frechet_distance(*(each[rng.integers(0, len(each), len(each))] for each in (sketches, real)))
        for _ in range(rounds)
    ]
    return float(np.std(values, ddof=1))


def frechet_distance_at_infinity(
    sketches: np.ndarray, real: np.ndarray, seed: int = 0, sizes: int = 6, rounds: int = 3
) -> float:
    """FID as it would be of endless sets: the intercept of a line through FIDs of growing subsets against 1 / size.

    Args:
        sketches, real: as for `frechet_distance`; the smaller set gives the size.
        seed: of the choice of the subsets.
        sizes: of subsets, from half of the set to all of it.
        rounds: subsets of each size.

    Source: arXiv 1911.07023. It may be slightly negative.
    """
    most = min(len(_checked("sketches", sketches)), len(_checked("real", real)))
    if most == MIN_VECTORS:
        return frechet_distance(sketches, real)  # there are no subsets
    rng = generator(seed, Stream.QUALITY_RESAMPLING, 1)
    counts = np.linspace(max(MIN_VECTORS, most // 2), most, sizes).astype(int).repeat(rounds)
    distances = [
        frechet_distance(*(each[rng.permutation(len(each))[:count]] for each in (sketches, real))) for count in counts
    ]
    return float(np.polyfit(1 / counts, distances, 1)[1])


def kernel_distance(sketches: np.ndarray, real: np.ndarray) -> Estimate:
    """KID: the squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, unbiased at any size.

    Of equally many sketches and real drawings, taken in pairs: the mean over i != j of k(x_i, x_j) + k(y_i, y_j) -
    k(x_i, y_j) - k(x_j, y_i). Of sets of one distribution it is 0 in the mean, and so is often negative.

    Args:
        sketches, real: `[n, d]` each, at least 10 vectors; of a larger set the first are taken.

    Returns:
        The distance, and its standard error by the jackknife over pairs.

    Source: arXiv 1801.01401; Gretton et al. 2012, lemma 6.
    """
    count = min(len(_checked("sketches", sketches)), len(_checked("real", real)))
    x, y = (np.asarray(each[:count], np.float64) for each in (sketches, real))
    sums, step = np.zeros(count), max(1, _AT_ONCE // count)
    for start in range(0, count, step):
        rows = np.arange(start, min(start + step, count))
        terms = _cubic(x[rows], x) + _cubic(y[rows], y) - _cubic(x[rows], y) - _cubic(y[rows], x)
        terms[rows - start, rows] = 0  # a pair is not compared with itself
        sums[rows] = terms.sum(axis=1)
    value = sums.sum() / (count * (count - 1))
    without = (sums.sum() - 2 * sums) / ((count - 1) * (count - 2))
    return Estimate(float(value), float(np.sqrt((count - 1) / count * np.square(without - without.mean()).sum())))


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def _cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


# --- places ---------------------------------------------------------------------------------------------------------


def neighbourhood(sketches: np.ndarray, real: np.ndarray, k: int = 3, k_density: int = 5) -> Neighbourhood:
    """Improved precision and recall, density and coverage.

    Args:
        sketches, real: `[n, d]` and `[m, d]`, more than k vectors each.
        k: neighbours for precision and recall, as in their paper.
        k_density: neighbours for density and coverage, as in theirs.

    Source: arXiv 1904.06991; arXiv 2002.09797.
    """
    sketches, real = _checked("sketches", sketches), _checked("real", real)
    least = min(len(sketches), len(real)) - 1
    k, k_density = whole_number("k", k, 1, least), whole_number("k_density", k_density, 1, least)
    real_radii, sketch_radii = _radii(real, (k, k_density)), _radii(sketches, (k,))
    precise = np.zeros(len(sketches), bool)
    recalled, covered, inside = np.zeros(len(real), bool), np.zeros(len(real), bool), 0
    for rows, distances in _distances(real, sketches):
        precise |= (distances <= real_radii[rows, :1]).any(axis=0)
        recalled[rows] = (distances <= sketch_radii[:, 0]).any(axis=1)
        dense = distances <= real_radii[rows, 1:]
        inside += int(dense.sum())
        covered[rows] = dense.any(axis=1)
    density = inside / (k_density * len(sketches))
    return Neighbourhood(float(precise.mean()), float(recalled.mean()), density, float(covered.mean()))


def diversity(vectors: np.ndarray) -> float:
    """The mean distance of two different vectors of a set."""
    vectors = _checked("vectors", vectors)
    total = sum(distances.sum() for _, distances in _distances(vectors, vectors))
    return float(total / (len(vectors) * (len(vectors) - 1)))


def copying(sketches: np.ndarray, held_out: np.ndarray) -> Copying:
    """Whether sketches are copies of training drawings.

    Args:
        sketches: how far they are from these, `[n]`, as `distances_to` says.
        held_out: how far real drawings are that were not trained on, `[m]`.

    Source: arXiv 2004.05675, whose statistic is that of `nearer`.
    """
    own, theirs = (np.asarray(each, np.float64) for each in (sketches, held_out))
    below, level = (np.searchsorted(np.sort(theirs), own, side) for side in ("left", "right"))
    farther = len(theirs) - (below + level) / 2  # held-out drawings that are, ties being half
    median = np.median(theirs)
    return Copying(
        near_copies=float((own < np.quantile(theirs, _COPY_QUANTILE)).mean()),
        nearer=float(farther.mean() / len(theirs)),
        novelty=float(np.median(own) / median) if median > 0 else 1.0,
    )


def retrieval(queries: np.ndarray, gallery: np.ndarray, ranks: Sequence[int] = (1, 10)) -> dict[int, float]:
    """How often a reconstruction finds its original: of row i of `queries` it is row i of `gallery`.

    Args:
        queries, gallery: `[n, d]` each.
        ranks: how many of the nearest are looked through.

    Returns:
        By rank, the share of queries whose original is among that many nearest. Of equally near ones, half come first.
    """
    queries, gallery = _checked("queries", queries), _checked("gallery", gallery)
    if queries.shape != gallery.shape:
        raise InputError(f"queries: expected one for each of {len(gallery)} originals, received {len(queries)}")
    places = np.zeros(len(queries))
    for rows, distances in _distances(queries, gallery):
        own = distances[np.arange(len(rows)), rows][:, None]
        places[rows] = (distances < own).sum(axis=1) + ((distances == own).sum(axis=1) - 1) / 2
    return {rank: float((places < rank).mean()) for rank in ranks}


def nearest(vectors: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of others is the nearest to each vector, int `[n]`, and how far it is, `[n]`."""
    places, distances = np.zeros(len(vectors), np.int64), np.zeros(len(vectors))
    for rows, part in _distances(vectors, others):
        places[rows] = part.argmin(axis=1)
        distances[rows] = part.min(axis=1)
    return places, distances


def distances_to(training: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """How far vectors are from the nearest of a set, in lengths of that one's distance to its own nearest other.

    What is near among simple drawings is not what is near among intricate ones.

    Args:
        training, vectors: `[m, d]` and `[n, d]`, at least 10 each.

    Returns:
        `[n]`.
    """
    training, vectors = _checked("training", training), _checked("vectors", vectors)
    places, distances = nearest(vectors, training)
    found, back = np.unique(places, return_inverse=True)
    gaps = np.zeros(len(found))
    for rows, part in _distances(training[found], training):
        gaps[rows] = np.partition(part, 1, axis=1)[:, 1]  # each is its own nearest
    return distances / np.maximum(gaps, 1e-9)[back]


def _radii(vectors: np.ndarray, ks: Sequence[int]) -> np.ndarray:
    """The distance of each vector to its k-th neighbour in its set, `[n, len(ks)]`."""
    radii = np.zeros((len(vectors), len(ks)))
    for rows, distances in _distances(vectors, vectors):  # each is its own neighbour number 0
        radii[rows] = np.partition(distances, ks, axis=1)[:, ks]
    return radii


def _distances(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of rows of x and their Euclidean distances to all of y, `[rows, m]`, part by part.

    Equal vectors are at distance 0: what is left of them by rounding is cut.
    """
    squares = np.einsum("ij,ij->i", y, y, dtype=np.float64)
    step = max(1, _AT_ONCE // max(1, len(y)))
    for start in range(0, len(x), step):
        part = x[start : start + step]
        own = np.einsum("ij,ij->i", part, part, dtype=np.float64)[:, None]
        squared = own + squares - 2 * (part @ y.T)
        squared[squared < 1e-6 * (own + squares)] = 0  # float32 pixels keep seven digits
        yield np.arange(start, start + len(part)), np.sqrt(squared)


def _checked(name: str, vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or len(vectors) < MIN_VECTORS or not np.isfinite(vectors).all():
        raise InputError(
            f"{name}: expected at least {MIN_VECTORS} vectors of finite numbers, received shape {list(vectors.shape)}"
        )
    return vectors
