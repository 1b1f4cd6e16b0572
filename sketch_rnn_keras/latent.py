"""The latent space: the codes of drawings, ways between codes, arithmetic on them.

Enters: a conditional model and stroke-3 drawings in data units, or codes. Leaves: codes, float32 `[count, N_z]`, which
`sampling.sample(model, z=codes)` draws; of `interpolate` sketches; of `cross_losses` losses. `complete` takes any model
and leaves endings of an unfinished drawing.

Sources: sections 4.1 to 4.4 of arXiv 1704.03477 (endings, reconstruction, interpolation, analogies); spherical
interpolation: arXiv 1609.04468, section 2.1.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from .backends import Tensor, ops
from .errors import InputError, one_of, whole_number
from .model import losses, mixture
from .model.mixture import check_temperature
from .model.sketch_rnn import SketchRNN
from .sampling import sample
from .streams import Stream, generator
from .strokes import as_stroke3, to_stroke5

DRAWINGS_AT_ONCE = 128  # that are encoded
_NEARLY_PARALLEL = 1e-4  # radians; there slerp is lerp to within 1e-8 of the vectors' length


def encode(model: SketchRNN, drawings: Sequence[np.ndarray], temperature: float = 0.0, seed: int = 0) -> np.ndarray:
    """The codes of drawings: z = mu + temperature * sigma * noise.

    Args:
        model: a conditional `SketchRNN`.
        drawings: stroke-3 arrays `[n, 3]` in data units (model units when its `scale_factor` is None), n from 1 to
            N_max.
        temperature: 0 for the mean; 1 draws from the encoder's distribution.
        seed: of the noise; that of drawing k depends on the seed and k alone.

    Returns:
        float32 `[count, N_z]`.

    Raises:
        InputError: a decoder-only model, a drawing that is empty, too long or no stroke-3 array, or a temperature that
            is negative or not finite.
    """
    check_temperature(temperature)
    seed = whole_number("seed", seed)
    mu, presigma = encode_distribution(model, drawings)
    generators = [generator(seed, Stream.ENCODING_LATENT, k) for k in range(len(mu))]
    noise = np.stack([each.standard_normal(mu.shape[1]) for each in generators])
    return (mu + temperature * np.exp(presigma / 2) * noise).astype("float32")


def encode_distribution(model: SketchRNN, drawings: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The encoder's normal distribution for each drawing: `(mu, presigma)`, `[count, N_z]`; sigma = exp(presigma / 2).

    For the arguments and the errors see `encode`.
    """
    check_encoder(model)
    if not len(drawings):
        raise InputError("expected at least one drawing to encode, received none")
    strokes5, lengths = _padded(model, drawings)
    run = model.compiled_function(SketchRNN.encode)
    size = min(DRAWINGS_AT_ONCE, 1 << (len(lengths) - 1).bit_length())  # few sizes, since each is compiled anew
    mus, presigmas = [], []
    for start in range(0, len(lengths), size):
        chosen = np.minimum(np.arange(start, start + size), len(lengths) - 1)
        mu, presigma = run(strokes5[chosen, 1:], lengths[chosen])
        mus.append(np.asarray(mu))
        presigmas.append(np.asarray(presigma))
    return np.concatenate(mus)[: len(lengths)], np.concatenate(presigmas)[: len(lengths)]


def check_encoder(model: SketchRNN) -> None:
    """Raise `InputError` if the model is decoder-only."""
    if not model.hparams.conditional:
        raise InputError("this model is decoder-only (conditional = false): it cannot encode drawings; use another")


def cross_losses(model: SketchRNN, drawings: Sequence[np.ndarray]) -> np.ndarray:
    """How well each drawing is decoded from the code of each: what the decoder makes of its codes.

    Args:
        model, drawings: see `encode`.

    Returns:
        float32 `[count, count]`, in nats: entry (i, j) is the offset loss (equation 9), summed over its points, of
        drawing j, decoded with teacher forcing from the mean code of drawing i. A decoder that ignores the code has
        equal rows; one that uses it has the least entry of a column on the diagonal.

    Raises:
        InputError: as `encode`.
    """
    codes = encode(model, drawings)
    strokes5, _ = _padded(model, drawings)
    run = model.compiled_function(_decoded_losses)
    return np.stack([np.asarray(run(strokes5, code[None])) for code in codes])


def _decoded_losses(model: SketchRNN, strokes5: Tensor, z: Tensor) -> Tensor:
    """L_s of each drawing, `[B]`, summed over its points, when all are decoded from the code `z [1, N_z]`."""
    raw = model.decode(strokes5[:, :-1], ops.broadcast_to(z, (strokes5.shape[0], z.shape[-1])))
    return ops.sum(losses.offset_losses(mixture.from_raw(raw), strokes5[:, 1:]), axis=1)


def lerp(start: np.ndarray, end: np.ndarray, t: np.ndarray | Sequence[float]) -> np.ndarray:
    """Points on the straight line: (1 - t) start + t end.

    Args:
        start, end: `[N_z]`.
        t: numbers `[count]`, 0 at the start and 1 at the end.

    Returns:
        float64 `[count, N_z]`.
    """
    start, end, t = _as_line(start, end, t)
    return (1 - t) * start + t * end


def slerp(start: np.ndarray, end: np.ndarray, t: np.ndarray | Sequence[float]) -> np.ndarray:
    """Points on the arc: (sin((1 - t) w) start + sin(t w) end) / sin(w), w being the angle between the two.

    A normal code in many dimensions lies near a sphere; the arc stays there while the straight line cuts through. Where
    the arc is not defined (a zero vector, or opposite directions) or is the line to rounding (w < 1e-4), it is `lerp`.

    For the arguments and what is returned see `lerp`.
    """
    start, end, t = _as_line(start, end, t)
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if not all(lengths):
        return lerp(start, end, t[:, 0])
    a, b = start / lengths[0], end / lengths[1]
    angle = 2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))  # exact where arccos loses its digits
    if min(angle, np.pi - angle) < _NEARLY_PARALLEL:
        return lerp(start, end, t[:, 0])
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)


METHODS = {"slerp": slerp, "lerp": lerp}


def path(stops: np.ndarray | Sequence[np.ndarray], steps: int, method: str = "slerp") -> np.ndarray:
    """A way through several codes.

    Args:
        stops: `[count, N_z]`, at least two.
        steps: codes from one stop to the next, both included; at least 2.
        method: "slerp" or "lerp".

    Returns:
        float32 `[(count - 1) * (steps - 1) + 1, N_z]`; every (steps - 1)-th is a stop, exactly.

    Raises:
        InputError: fewer than two stops or steps, or another method.
    """
    between, stops = _method(method), np.asarray(stops, "float32")
    if stops.ndim != 2 or len(stops) < 2:
        received = f"{len(stops)}" if stops.ndim == 2 else f"codes of shape {list(stops.shape)}"
        raise InputError(f"an interpolation needs at least two drawings, received {received}")
    t = _fractions("steps", steps)
    parts = [_between_exact(between, a, b, t)[:-1] for a, b in itertools.pairwise(stops)]
    return np.concatenate([*parts, stops[-1:]])


def interpolate(
    model: SketchRNN,
    drawings: Sequence[np.ndarray],
    steps: int = 10,
    *,
    method: str = "slerp",
    temperature: float = 0.1,
    seed: int = 0,
) -> list[np.ndarray]:
    """Sketches that lead from each drawing to the next (paper, section 4.3).

    Args:
        model: a conditional `SketchRNN`.
        drawings: at least two stroke-3 arrays in data units.
        steps: sketches from one drawing to the next, both included; at least 2.
        method: "slerp" or "lerp".
        temperature, seed: see `sampling.sample`; all sketches share their random numbers and differ by their codes.

    Returns:
        (len(drawings) - 1) * (steps - 1) + 1 stroke-3 arrays in data units; the ends are reconstructions.

    Raises:
        InputError: as `encode`, `path` and `sampling.sample`.
    """
    codes = path(encode(model, drawings), steps, method)
    return sample(model, temperature=temperature, seed=seed, z=codes, same_noise=True)


def grid(corners: np.ndarray | Sequence[np.ndarray], rows: int, columns: int, method: str = "slerp") -> np.ndarray:
    """A grid of codes between four: along the left and right edges first, then from the left to the right.

    Args:
        corners: `[4, N_z]`: top left, top right, bottom left, bottom right.
        rows, columns: at least 2 each.
        method: "slerp" or "lerp" (bilinear).

    Returns:
        float32 `[rows * columns, N_z]`, row by row; the corners are exact.

    Raises:
        InputError: other than four corners, fewer than two rows or columns, or another method.
    """
    between, corners = _method(method), np.asarray(corners, "float32")
    if corners.ndim != 2 or len(corners) != 4:
        raise InputError(f"a grid needs exactly four drawings, one for each corner, received {len(corners)}")
    down, across = _fractions("rows", rows), _fractions("columns", columns)
    left, right = (_between_exact(between, corners[k], corners[k + 2], down) for k in (0, 1))
    return np.concatenate([_between_exact(between, a, b, across) for a, b in zip(left, right, strict=True)])


def analogy(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a - b + c, each the mean of a set of codes (paper, section 4.4: "latent space arithmetic").

    Args:
        a, b, c: `[N_z]`, or sets `[count, N_z]` of any size.

    Returns:
        float32 `[N_z]`; exactly the mean of c where a and b are equal.
    """
    a, b, c = (np.atleast_2d(np.asarray(codes, "float64")).mean(axis=0) for codes in (a, b, c))
    return (a - b + c).astype("float32")


def nearest(code: np.ndarray, codes: np.ndarray, count: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of many codes by Euclidean distance.

    Args:
        code: `[N_z]`.
        codes: `[total, N_z]`.
        count: how many to return; all when there are fewer.

    Returns:
        `(indices, distances)`, `[count]` each, the nearest first; of equal ones the first.
    """
    distances = np.linalg.norm(np.asarray(codes, "float64") - np.asarray(code, "float64"), axis=1)
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]


def complete(
    model: SketchRNN, prefix: np.ndarray, count: int = 1, temperature: float = 0.4, seed: int = 0
) -> list[np.ndarray]:
    """Different endings of an unfinished drawing (paper, section 4.1).

    A conditional model encodes what there is, and its decoder begins with that code; a decoder-only model begins with
    nothing. Either reads the prefix point by point and goes on.

    Args:
        model: a `SketchRNN`.
        prefix: stroke-3 `[n, 3]` in data units, n from 1 to N_max - 1; it may end in the middle of a pen stroke.
        count: endings.
        temperature, seed: see `sampling.sample`.

    Returns:
        `count` stroke-3 arrays in data units, each of which begins with the prefix.

    Raises:
        InputError: a prefix that is empty or too long, or as `sampling.sample`.
    """
    z = encode(model, [prefix]).repeat(count, axis=0) if model.hparams.conditional else None
    return sample(model, count, temperature, seed, z=z, prefix=prefix)


def _padded(model: SketchRNN, drawings: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Drawings in the model's units, stroke-5 with start token, padded to one of few lengths; and their own lengths."""
    rows = [_checked(model, drawing, f"drawing {k}") for k, drawing in enumerate(drawings)]
    lengths = np.array([len(drawing) for drawing in rows], "int32")
    width = min(model.hparams.max_seq_len, 1 << int(lengths.max() - 1).bit_length())  # each is compiled anew
    return np.stack([to_stroke5(drawing, width) for drawing in rows]), lengths


def _checked(model: SketchRNN, drawing: np.ndarray, where: str) -> np.ndarray:
    """The drawing in the model's units, `[n, 3]`, once it is known to fit the model."""
    rows = as_stroke3(drawing, where)
    if not 1 <= len(rows) <= model.hparams.max_seq_len:
        raise InputError(
            f"{where}: expected 1 to {model.hparams.max_seq_len} points, the model's N_max, received {len(rows)}; "
            "simplify the drawing (strokes.simplify_to)"
        )
    return model.to_model_units(rows)


def _method(name: str) -> Callable[..., np.ndarray]:
    return METHODS[one_of("method", name, METHODS)]


def _fractions(name: str, count: int) -> np.ndarray:
    return np.linspace(0, 1, whole_number(name, count, least=2))


def _between_exact(between: Callable[..., np.ndarray], start: np.ndarray, end: np.ndarray, t: np.ndarray) -> np.ndarray:
    """`between` as float32, with the two ends free of rounding."""
    codes = between(start, end, t).astype("float32")
    codes[0], codes[-1] = start, end
    return codes


def _as_line(
    start: np.ndarray, end: np.ndarray, t: np.ndarray | Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.asarray(start, "float64"), np.asarray(end, "float64"), np.asarray(t, "float64").reshape(-1, 1)
