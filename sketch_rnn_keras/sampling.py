"""Drawing with the model: many sketches at once, point by point, inside one compiled loop.

Enters: a model, a temperature, a seed, optionally latent vectors. Leaves: stroke-3 sketches in data units.

Source: section 3.2 of arXiv 1704.03477 (unconditional generation: section 3.4), temperature: equation 8.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from keras import ops

from . import mixture
from .errors import InputError
from .strokes import as_stroke3, to_stroke3, to_stroke5
from .training import backend

MOST_POINTS = 100_000  # of a sketch: all its random numbers are drawn beforehand
CHUNK = 256  # sketches drawn at once: device memory does not grow with the number asked for


def sample(
    model,
    count: int | None = None,
    temperature: float = 1.0,
    seed: int = 0,
    *,
    z=None,
    prefix=None,
    same_noise: bool = False,
    max_points: int | None = None,
    temperature_law: str = "paper",
    progress: Callable[[int], None] | None = None,
) -> list[np.ndarray]:
    """Draw sketches.

    Sketch k depends on the model, the seed, k and the options alone: not on how many are asked for.

    Args:
        model: a `SketchRNN`.
        count: sketches to draw; 1 by default, or one for each row of `z`.
        temperature: tau; 0 is greedy (the most probable point at every step), 1 is the model's own distribution.
        seed: integer >= 0.
        z: `[count, N_z]` latent vectors; drawn from N(0, I) when None. Not for decoder-only models.
        prefix: stroke-3 `[n, 3]` in the units of what is returned: how every sketch begins. The decoder reads it, then
            goes on (paper, section 4.1, "predicting different endings"); it may end in the middle of a pen stroke.
        same_noise: draw all sketches with the random numbers of sketch 0, so that they differ by `z` alone.
        max_points: a sketch that has not ended by then is cut; N_max by default, at most 100,000.
        temperature_law: "paper" (variances times tau) or "magenta" (standard deviations times tau).
        progress: told, now and then, how many sketches are finished.

    Returns:
        A list of float32 stroke-3 arrays `[n, 3]` in data units (in the model's units when its `scale_factor` is
        None); n may be 0.

    Raises:
        InputError: an argument is out of its range, or z does not fit the model.
    """
    mixture.check_temperature(temperature, temperature_law)
    z = None if z is None else _checked_latents(model, z)
    count = (1 if z is None else len(z)) if count is None else count
    max_points = model.hparams.max_seq_len if max_points is None else max_points
    for name, value, least in (("count", count, 1), ("max_points", max_points, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise InputError(f"{name}: expected a whole number >= {least}, received {value!r}")
    if max_points > MOST_POINTS:  # a model's file may claim any N_max
        raise InputError(f"max_points: expected at most {MOST_POINTS}, received {max_points}; give a smaller one")
    if z is not None and count != len(z):
        raise InputError(f"count: expected {len(z)}, one for each row of z, received {count}; leave it out")
    if z is None and model.hparams.conditional:
        z = np.stack([_latent(seed, k, model.hparams.z_size) for k in range(count)])
    scale = np.array([model.scale_factor or 1.0, model.scale_factor or 1.0, 1.0], dtype="float32")
    forced = _forced(prefix, scale, max_points)
    if same_noise and z is None:
        raise InputError("same_noise: expected with z alone; without latent vectors all sketches would be one")
    sketches = []
    for start in range(0, count, CHUNK):
        size = min(CHUNK, 1 << (count - 1).bit_length())  # few sizes, since each is compiled anew
        rows = np.arange(start, start + size)
        noise = np.stack([_noise(seed, k, max_points) for k in rows * (not same_noise)], axis=1)
        chunk_z = None if z is None else z[np.minimum(rows, count - 1)]
        points = draw_points(model, chunk_z, noise, temperature, law=temperature_law, forced=forced)
        sketches += [to_stroke3(sketch, has_start_token=False) * scale for sketch in points]
        if progress:
            progress(min(len(sketches), count))
    return sketches[:count]


def draw_points(
    model, z, noise, temperature: float, *, law: str = "paper", stop_at_end: bool = True, forced=()
) -> np.ndarray:
    """Stroke-5 points of a batch, in the model's units.

    Args:
        model: a `SketchRNN`.
        z: `[B, N_z]`, or None when decoder-only.
        noise: `[N, B, 4]` as `mixture.draw` wants it; N is the number of steps.
        temperature: tau.
        law: see `mixture.temper`.
        stop_at_end: end the loop once every sketch has ended; otherwise run all N steps.
        forced: stroke-5 `[n, 5]`, n <= N: the first points of every sketch.

    Returns:
        `[B, N, 5]`; what follows a sketch's end token is padding or, in a batch that goes on, without meaning.
    """
    greedy = temperature == 0
    key = ("draw", greedy, law, stop_at_end, z is None)
    if key not in model.compiled_functions:
        function = partial(_draw_loop, model, greedy=greedy, law=law, stop_at_end=stop_at_end)
        if z is None:
            function = partial(function, None)
        model.compiled_functions[key] = backend().compiled(model, function)
    first = np.zeros((len(noise), 5), "float32")
    first[: len(forced)] = np.reshape(forced, (-1, 5))
    tensors = [np.asarray(noise, "float32"), np.asarray(temperature, "float32"), first, np.int32(len(forced))]
    if z is not None:
        tensors.insert(0, np.asarray(z, "float32"))
    return ops.convert_to_numpy(model.compiled_functions[key](*tensors)).swapaxes(0, 1)


def _draw_loop(model, z, noise, temperature, forced, forced_count, *, greedy, law, stop_at_end):
    steps, batch_size = noise.shape[:2]
    cell, weights = model.decoder, model.decoder.loop_weights()
    context = cell.context(batch_size, z)  # what z contributes, once for all steps
    padding = np.zeros((steps, batch_size, 5), "float32")
    padding[..., 4] = 1.0
    start = np.tile(np.array([0, 0, 1, 0, 0], "float32"), (batch_size, 1))

    def unfinished(step, point, state, ended, points):
        return ops.logical_not(ops.all(ended)) if stop_at_end else step < steps

    def advance(step, point, state, ended, points):
        state, _ = cell.step(weights, point, context, state)
        predicted = mixture.from_raw(model.output_head(state[1]))
        if greedy:
            point = mixture.draw_greedy(predicted)
        else:
            point = mixture.draw(mixture.temper(predicted, temperature, law), ops.take(noise, step, axis=0))
        point = ops.where(step < forced_count, ops.take(forced, step, axis=0), point)
        ended = ops.logical_or(ended, point[:, 4] > 0.5)
        return step + 1, point, state, ended, ops.slice_update(points, (step, 0, 0), point[None])

    first = (
        ops.convert_to_tensor(0, dtype="int32"),
        ops.convert_to_tensor(start),
        model.decoder_start(z, batch_size),
        ops.zeros((batch_size,), dtype="bool"),
        ops.convert_to_tensor(padding),
    )
    return ops.while_loop(unfinished, advance, first, maximum_iterations=steps)[-1]


def _forced(prefix, scale, max_points: int) -> np.ndarray:
    """The stroke-5 points `[n, 5]`, in model units, that every sketch begins with."""
    if prefix is None:
        return np.zeros((0, 5), "float32")
    rows = as_stroke3(prefix, "prefix")
    if not 1 <= len(rows) < max_points:
        raise InputError(
            f"prefix: expected 1 to {max_points - 1} points, so that one more has room, received {len(rows)}"
        )
    return to_stroke5(rows / scale, len(rows))[1:]


def _checked_latents(model, z) -> np.ndarray:
    """`z` as float32, once it is known to fit the model."""
    if not model.hparams.conditional:
        raise InputError("z: this model is decoder-only (conditional = false) and takes none; leave it out")
    try:
        z = np.asarray(z, "float32")
    except (TypeError, ValueError):
        raise InputError(f"z: expected numbers of shape [count, {model.hparams.z_size}], received {z!r}") from None
    if z.ndim != 2 or not len(z) or z.shape[1] != model.hparams.z_size or not np.isfinite(z).all():
        raise InputError(f"z: expected finite numbers of shape [count, {model.hparams.z_size}], received {z.shape}")
    return z


def _latent(seed: int, k: int, size: int) -> np.ndarray:
    """The latent vector of sketch k, drawn from N(0, I)."""
    return np.random.default_rng([seed, k, 0]).standard_normal(size).astype("float32")


def _noise(seed: int, k: int, steps: int) -> np.ndarray:
    """The `[steps, 4]` random numbers of sketch k; a longer sketch begins with those of a shorter one."""
    uniform = np.random.default_rng([seed, k, 1]).random((steps, 2))
    normal = np.random.default_rng([seed, k, 2]).standard_normal((steps, 2))
    return np.concatenate([np.minimum(uniform, np.float32(1) - np.float32(2**-24)), normal], axis=1).astype("float32")
