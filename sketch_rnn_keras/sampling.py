"""Drawing with the model: many sketches at once, point by point, inside one compiled loop.

Enters: a model, a temperature, a seed, optionally latent vectors and the points that every sketch begins with (a
prefix). Leaves: stroke-3 sketches in data units.

Source: section 3.2 of arXiv 1704.03477 (unconditional generation: section 3.4; a prefix: section 4.1), temperature:
equation 8.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .backends import Devices, Tensor, open_devices, ops
from .errors import InputError, shown, whole_number
from .model import mixture
from .model.sketch_rnn import SketchRNN
from .streams import Stream, generator
from .strokes import START_TOKEN, as_stroke3, to_stroke3, to_stroke5

MOST_POINTS = 100_000  # of a sketch: all its random numbers are drawn beforehand
SKETCHES_AT_ONCE = 256  # device memory does not grow with the number asked for


def sample(
    model: SketchRNN,
    count: int | None = None,
    temperature: float = 0.4,
    seed: int = 0,
    *,
    z: Tensor | None = None,
    prefix: np.ndarray | None = None,
    same_noise: bool = False,
    max_points: int | None = None,
    temperature_law: str = "paper",
    devices: Devices | int | str = 1,
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
        devices: how many devices of this process draw side by side, 256 sketches at a time each, or "all". The sketches
            are those of one device.
        progress: told, now and then, how many sketches are finished.

    Returns:
        A list of float32 stroke-3 arrays `[n, 3]` in data units (in the model's units when its `scale_factor` is
        None); n may be 0.

    Raises:
        InputError: an argument is out of its range, or z does not fit the model.
    """
    return list(
        sample_each(
            model,
            count,
            temperature,
            seed,
            z=z,
            prefix=prefix,
            same_noise=same_noise,
            max_points=max_points,
            temperature_law=temperature_law,
            devices=devices,
            progress=progress,
        )
    )


def sample_each(
    model: SketchRNN,
    count: int | None = None,
    temperature: float = 0.4,
    seed: int = 0,
    *,
    z: Tensor | None = None,
    prefix: np.ndarray | None = None,
    same_noise: bool = False,
    max_points: int | None = None,
    temperature_law: str = "paper",
    devices: Devices | int | str = 1,
    progress: Callable[[int], None] | None = None,
) -> Iterator[np.ndarray]:
    """The sketches of `sample`, one after another: they may be more than memory holds. Takes and raises the same."""
    mixture.check_temperature(temperature, temperature_law)
    z = None if z is None else _checked_latents(model, z)
    if count is None:
        count = 1 if z is None else len(z)
    max_points = model.hparams.max_seq_len if max_points is None else max_points
    count, seed = whole_number("count", count, least=1), whole_number("seed", seed)
    max_points = whole_number("max_points", max_points, 1, MOST_POINTS)  # a model's file may claim any N_max
    if z is not None and count != len(z):
        raise InputError(f"count: expected {len(z)}, one for each row of z, received {count}; leave it out")
    forced = _forced(model, prefix, max_points)
    if same_noise and z is None and not model.hparams.conditional:
        raise InputError("same_noise: expected with z alone; without latent vectors all sketches would be one")

    size = min(SKETCHES_AT_ONCE, 1 << (count - 1).bit_length())  # few sizes, since each is compiled anew
    group = open_devices(devices)

    def codes(rows: Sequence[int]) -> np.ndarray | None:
        if z is not None:
            return z[np.minimum(rows, count - 1)]
        if model.hparams.conditional:
            return np.stack([_code(seed, k, model.hparams.z_size) for k in rows])
        return None

    def points(start: int, place: Any) -> np.ndarray:
        rows = range(start, start + size)
        noise = np.stack([_noise(seed, 0 if same_noise else k, max_points) for k in rows], axis=1)
        return sample_points(
            model, codes(rows), noise, temperature, temperature_law=temperature_law, forced=forced, place=place
        )

    def drawn() -> Iterator[np.ndarray]:
        starts = range(0, count, size)
        for start, batch in zip(starts, group.each(points, starts), strict=True):
            for sketch in batch[: count - start]:
                yield model.to_data_units(to_stroke3(sketch, has_start_token=False))
            if progress:
                progress(min(start + size, count))

    return drawn()


def sample_points(
    model: SketchRNN,
    z: np.ndarray | None,
    noise: np.ndarray,
    temperature: float,
    *,
    temperature_law: str = "paper",
    stop_at_end: bool = True,
    forced: np.ndarray | Sequence = (),
    place: Any = None,
) -> np.ndarray:
    """Stroke-5 points of a batch, in the model's units.

    Args:
        model: a `SketchRNN`.
        z: `[B, N_z]`, or None when decoder-only.
        noise: `[N, B, 4]` as `mixture.sample` wants it; N is the number of steps.
        temperature: tau.
        temperature_law: see `mixture.temper`.
        stop_at_end: end the loop once every sketch has ended; otherwise run all N steps.
        forced: stroke-5 `[n, 5]`, n <= N: the first points of every sketch.
        place: one of `Devices.places`, where the loop runs.

    Returns:
        `[B, N, 5]`; what follows a sketch's end token is padding or, in a batch that goes on, without meaning.
    """
    first = np.zeros((len(noise), 5), "float32")
    first[: len(forced)] = np.reshape(forced, (-1, 5))
    options = {"greedy": temperature == 0, "temperature_law": temperature_law, "stop_at_end": stop_at_end}
    run = model.compiled_function(_sampling_loop, **options)
    points = run(
        None if z is None else np.asarray(z, "float32"),
        np.asarray(noise, "float32"),
        np.asarray(temperature, "float32"),
        first,
        np.int32(len(forced)),
        place=place,
    )
    return ops.convert_to_numpy(points).swapaxes(0, 1)


def _sampling_loop(
    model: SketchRNN,
    z: Tensor | None,
    noise: Tensor,
    temperature: Tensor,
    forced: Tensor,
    forced_count: Tensor,
    *,
    greedy: bool,
    temperature_law: str,
    stop_at_end: bool,
) -> Tensor:
    """Stroke-5 points `[N, B, 5]`: the decoder fed with what it drew."""
    steps, batch_size = noise.shape[:2]
    cell, weights = model.decoder, model.decoder.loop_weights()
    context = cell.context(batch_size, z)  # what z contributes, once for all steps
    padding = np.zeros((steps, batch_size, 5), "float32")
    padding[..., 4] = 1.0
    start = np.tile(np.array(START_TOKEN, "float32"), (batch_size, 1))

    def unfinished(step: Tensor, point: Tensor, state: Any, ended: Tensor, points: Tensor) -> Tensor:
        return ops.logical_not(ops.all(ended)) if stop_at_end else step < steps

    def advance(step: Tensor, point: Tensor, state: Any, ended: Tensor, points: Tensor) -> tuple:
        state, _ = cell.step(weights, point, context, state)
        predicted = mixture.from_raw(model.output_head(state.h))
        if greedy:
            point = mixture.greedy(predicted)
        else:
            tempered = mixture.temper(predicted, temperature, temperature_law)
            point = mixture.sample(tempered, ops.take(noise, step, axis=0))
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


def _forced(model: SketchRNN, prefix: np.ndarray | None, max_points: int) -> np.ndarray:
    """The stroke-5 points `[n, 5]`, in model units, that every sketch begins with."""
    if prefix is None:
        return np.zeros((0, 5), "float32")
    rows = as_stroke3(prefix, "prefix")
    if not 1 <= len(rows) < max_points:
        raise InputError(
            f"prefix: expected 1 to {max_points - 1} points, so that one more has room, received {len(rows)}"
        )
    return to_stroke5(model.to_model_units(rows), len(rows))[1:]


def _checked_latents(model: SketchRNN, z: Tensor) -> np.ndarray:
    """`z` as float32, once it is known to fit the model."""
    if not model.hparams.conditional:
        raise InputError("z: this model is decoder-only (conditional = false) and takes none; leave it out")
    try:
        z = np.asarray(z, "float32")
    except (TypeError, ValueError):
        raise InputError(f"z: expected numbers of shape [count, {model.hparams.z_size}], received {shown(z)}") from None
    if z.ndim != 2 or not len(z) or z.shape[1] != model.hparams.z_size or not np.isfinite(z).all():
        raise InputError(f"z: expected finite numbers of shape [count, {model.hparams.z_size}], received {z.shape}")
    return z


def _code(seed: int, k: int, size: int) -> np.ndarray:
    """The latent vector of sketch k, drawn from N(0, I)."""
    return generator(seed, Stream.SKETCH_LATENT, k).standard_normal(size).astype("float32")


def _noise(seed: int, k: int, steps: int) -> np.ndarray:
    """The `[steps, 4]` random numbers of sketch k; a longer sketch begins with those of a shorter one."""
    uniform = generator(seed, Stream.SKETCH_CHOICE, k).random((steps, 2))
    normal = generator(seed, Stream.SKETCH_OFFSET, k).standard_normal((steps, 2))
    return np.concatenate([np.minimum(uniform, np.float32(1) - np.float32(2**-24)), normal], axis=1).astype("float32")
