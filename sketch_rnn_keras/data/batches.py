"""From a split to batches of stroke-5 drawings in model units (paper, section 3.1 and thesis, section 2.2).

Enters: a `Split` in data units and its scale factor. Leaves: batches `[B, N_max + 1, 5]`. This is one of the two doors
between data units and model units; the other is the model's own methods.
"""

import functools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..hparams import HParams
from ..streams import Stream, generator
from ..strokes import drop_points, pad_stroke5, scale_offsets, to_model_units
from .datasets import Split

_AHEAD = 3  # batches prepared before they are asked for


class Batch(NamedTuple):
    """Drawings in model units, ready for the model: strokes5 float32 `[B, max_seq_len + 1, 5]`, lengths int32 `[B]`."""

    strokes5: np.ndarray
    lengths: np.ndarray


def random_batch(
    split: Split,
    batch_size: int,
    max_seq_len: int,
    rng: np.random.Generator,
    *,
    scale_factor: float,
    random_scale_factor: float = 0.0,
    augment_stroke_prob: float = 0.0,
) -> Batch:
    """Draws distinct drawings at random and augments them (thesis, section 2.2).

    Args:
        split: where to draw from.
        batch_size: B.
        max_seq_len: N_max, in points.
        rng: the source of all randomness.
        scale_factor: data units per model unit.
        random_scale_factor: f; the x and the y of each drawing are scaled by two draws from U(1 - f, 1 + f).
        augment_stroke_prob: the probability with which `strokes.drop_points` drops a point.

    Raises:
        InputError: the split has fewer than `batch_size` drawings, or one of more than `max_seq_len` points.
    """
    _check_batch(split, batch_size, max_seq_len)
    flat, lengths = split.gather(rng.choice(len(split), batch_size, replace=False))
    flat = to_model_units(flat, scale_factor)
    if random_scale_factor > 0:
        factors = rng.uniform(1 - random_scale_factor, 1 + random_scale_factor, (batch_size, 2))
        flat = scale_offsets(flat, lengths, factors)
    if augment_stroke_prob > 0:
        flat, lengths = drop_points(flat, lengths, rng.random(len(flat)), augment_stroke_prob)
    return Batch(pad_stroke5(flat, lengths, max_seq_len), lengths.astype(np.int32))


def training_batch(split: Split, hparams: HParams, step: int, *, scale_factor: float) -> Batch:
    """The batch of a step, counted from 0: a function of (`hparams.seed`, step) alone.

    Args:
        split: where to draw from, in data units.
        hparams: supplies the sizes, the augmentation and the seed.
        step: the step.
        scale_factor: data units per model unit.

    Raises:
        InputError: as `random_batch`.
    """
    return random_batch(
        split,
        hparams.batch_size,
        hparams.max_seq_len,
        generator(hparams.seed, Stream.BATCH, step),
        scale_factor=scale_factor,
        random_scale_factor=hparams.random_scale_factor,
        augment_stroke_prob=hparams.augment_stroke_prob,
    )


def training_batches(
    split: Split, hparams: HParams, *, scale_factor: float, start_step: int = 0, skipped: int = 0
) -> Generator[Batch, None, None]:
    """Gives the batches of steps `start_step` to `hparams.num_steps - 1`, prepared ahead in a thread.

    A resumed run sees what an uninterrupted one sees (`training_batch`). The thread ends with the iterator:
    when it is exhausted, closed or discarded.

    Args:
        split: where to draw from, in data units.
        hparams: supplies the sizes, the augmentation, the number of steps and the seed.
        scale_factor: data units per model unit.
        start_step: the first step to prepare.
        skipped: by how many steps the batches are ahead, where divergences have had some left out.

    Returns:
        A generator of `Batch`es, strokes5 `[B, N_max + 1, 5]` in model units.

    Raises:
        InputError: as `random_batch`.
    """
    _check_batch(split, hparams.batch_size, hparams.max_seq_len)
    make = functools.partial(training_batch, split, hparams, scale_factor=scale_factor)
    return _prepare_ahead(make, range(start_step + skipped, hparams.num_steps + skipped))


def sequential_batches(split: Split, batch_size: int, max_seq_len: int, *, scale_factor: float) -> Iterator[Batch]:
    """Gives the drawings of a split sorted by length, in consecutive batches, unaugmented, for evaluation.

    Drawings of one length keep their order. The remainder of the last batch is dropped, as the original does; but a
    split of fewer than `batch_size` drawings gives one batch of them all, and an empty split gives none.

    Raises:
        InputError: a drawing has more than `max_seq_len` points, or `batch_size` is not positive.
    """
    for chosen in in_length_order(split, batch_size, max_seq_len):
        yield plain_batch(split, chosen, max_seq_len, scale_factor=scale_factor)


def in_length_order(split: Split, batch_size: int, max_seq_len: int) -> np.ndarray:
    """The drawings of each batch of `sequential_batches`, int64 `[batches, B]`; raises as it does."""
    batch_size = min(batch_size, len(split)) or batch_size
    if len(split):
        _check_batch(split, batch_size, max_seq_len)
    order = np.argsort(split.lengths, kind="stable")
    return order[: len(split) // batch_size * batch_size].reshape(-1, batch_size)


def plain_batch(split: Split, chosen: np.ndarray, max_seq_len: int, *, scale_factor: float) -> Batch:
    """These drawings of a split, unaugmented."""
    flat, lengths = split.gather(chosen)
    flat = to_model_units(flat, scale_factor)
    return Batch(pad_stroke5(flat, lengths, max_seq_len), lengths.astype(np.int32))


def _prepare_ahead(make: Callable[[int], Batch], steps: Iterable[int]) -> Generator[Batch, None, None]:
    pending: deque[Future] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as executor:
        try:
            for step in steps:
                pending.append(executor.submit(make, step))
                if len(pending) > _AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _check_batch(split: Split, batch_size: int, max_seq_len: int) -> None:
    if not 1 <= batch_size <= len(split):
        raise InputError(
            f"batch_size: expected between 1 and {len(split)}, the number of drawings in the split, received "
            f"{batch_size}; lower batch_size or add drawings"
        )
    longest = split.longest
    if longest > max_seq_len:
        raise InputError(
            f"max_seq_len: expected at least {longest}, the points of the longest drawing, received {max_seq_len}; "
            "load the data with that limit or raise it"
        )
