"""SketchRNN: encoder, latent vector and decoder wired into one `keras.Model` (how Keras trains it: `fitting.py`).

Enters: stroke-5 batches `[B, N, 5]` and lengths `[B]`. Leaves: the latent distribution, the decoder's raw outputs
`[B, N, 6 M + 3]`, and the loss terms. Inside, time is the first axis.

Source: sections 3.2 and 3.3 of arXiv 1704.03477; constants and initialisers of the original (see docs/faithfulness.md).
"""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

from ..backends import Floored, Tensor, backend, maximum
from ..errors import InputError, one_of
from ..files.presets import presets
from ..hparams import HParams
from ..streams import Stream, derived_seed, generator
from ..strokes import check_scale_factor, to_data_units, to_model_units
from . import losses, recurrence
from .cell import Tensors
from .cells import CELLS
from .fitting import Fitting
from .provenance import Provenance

Masks: TypeAlias = dict[str, Tensor]  # by place, see `SketchRNN.dropout_masks`


class _Projection(keras.layers.Layer):
    """`x W + b`, the original's `super_linear`: normal kernel of standard deviation 0.001, bias 0."""

    def __init__(self, input_size: int, output_size: int, seed: int, name: str, glorot: bool = False):
        super().__init__(name=name, dtype=keras.config.floatx())
        self.output_size, self.seed, self.glorot = output_size, seed, glorot
        self.build((None, input_size))

    def build(self, input_shape: Sequence[int | None]) -> None:
        kernel = keras.initializers.RandomNormal(stddev=0.001, seed=self.seed)
        bias = keras.initializers.Zeros()
        if self.glorot:  # Magenta: TensorFlow's default initialiser, for the output's bias as well as for its kernel
            kernel, bias = keras.initializers.GlorotUniform(self.seed), keras.initializers.GlorotUniform(self.seed + 1)
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.output_size), initializer=kernel)
        self.bias = self.add_weight(name="bias", shape=(self.output_size,), initializer=bias)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.output_size)

    def call(self, x: Tensor) -> Tensor:
        return ops.matmul(x, self.kernel) + self.bias


@keras.saving.register_keras_serializable(package="sketch_rnn_keras")
class SketchRNN(Fitting):
    """The sequence-to-sequence variational autoencoder of arXiv 1704.03477, or its decoder alone.

    Args:
        hparams: `HParams`; `hparams.seed` decides the initial weights and the dropout noise. `SketchRNN(z_size=16)` is
            short for `SketchRNN(HParams(z_size=16))`.
        scale_factor: what offsets in data units were divided by (the standard deviation of the training offsets);
            None when it is not known, in which case drawings come out in the model's own units.
        provenance: where the weights come from.

    Raises:
        InputError: `hparams` is no `HParams`, or `scale_factor` no positive number.

    Attributes:
        encoder_forward, encoder_backward, decoder: cells (see `cells.CELLS`); the encoder's are None when
            `hparams.conditional` is false.
        seed_generator: the source of dropout and of latent noise that was not passed in.
    """

    def __init__(
        self,
        hparams: HParams | None = None,
        scale_factor: float | None = None,
        provenance: Provenance = Provenance(),  # noqa: B008  (it is immutable)
        **options: Any,
    ):
        settings = {name: options.pop(name) for name in HParams.model_fields if name in options}
        super().__init__(**{"dtype": keras.config.floatx(), **options})
        if hparams is None:
            hparams = HParams(**settings)
        elif settings:
            raise InputError(f"SketchRNN: expected an HParams or {', '.join(settings)}, received both; use replace")
        if not isinstance(hparams, HParams):
            raise InputError(f"SketchRNN: expected an HParams, received {type(hparams).__name__}; see HParams.load")
        self.hparams = hparams
        self.scale_factor = None if scale_factor is None else check_scale_factor(scale_factor)
        self.provenance = provenance
        self.seed_generator = keras.random.SeedGenerator(derived_seed(hparams.seed, Stream.MODEL_CALLS))
        self._compiled_functions: dict[tuple, Callable] = {}
        seeds = iter(int(s) for s in generator(hparams.seed, Stream.LAYER_SEEDS).integers(2**30, size=8))
        context = hparams.z_size if hparams.conditional else 0
        self.encoder_forward: Any = None  # these five stay None in a decoder-only model
        self.encoder_backward: Any = None
        self.mu: Any = None
        self.presigma: Any = None
        self.initial_state: Any = None
        mixed = hparams.precision != "float32"  # only the cells' matrix products are ever in a lower precision
        cell_options: dict[str, Any] = {"dtype": hparams.precision if mixed else keras.config.floatx()}
        self.decoder = CELLS[hparams.dec_model](
            hparams.dec_rnn_size, 5, context, seed=next(seeds), name="decoder", **cell_options
        )
        outputs = 3 + 6 * hparams.num_mixture
        self.output_head = _Projection(hparams.dec_rnn_size, outputs, next(seeds), "output_head", glorot=True)
        if hparams.conditional:
            encoder, units = CELLS[hparams.enc_model], hparams.enc_rnn_size
            self.encoder_forward = encoder(units, 5, seed=next(seeds), name="encoder_forward", **cell_options)
            self.encoder_backward = encoder(units, 5, seed=next(seeds), name="encoder_backward", **cell_options)
            self.mu = _Projection(2 * units, hparams.z_size, next(seeds), "mu")
            self.presigma = _Projection(2 * units, hparams.z_size, next(seeds), "presigma")
            packed = sum(self.decoder.state_sizes)
            self.initial_state = _Projection(hparams.z_size, packed, next(seeds), "initial_state")
        self.build((None, None, 5))

    # ------------------------------------------------------------------------------- compiled functions, units

    def compiled_function(self, function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        """`function(model, *tensors, **options)` as one XLA program for each set of shapes, built at the first request.

        Args:
            function: a module's function or a method of this class: its name and the options are what is kept of it.
            **options: hashable values that decide the program, such as whether it draws greedily.

        Returns:
            `(*tensors) -> what function returns`; it always reads the current weights.
        """
        key = (function.__module__, function.__qualname__, *sorted(options.items()))
        if key not in self._compiled_functions:
            self._compiled_functions[key] = backend().compiled(self, functools.partial(function, self, **options))
        return self._compiled_functions[key]

    def to_model_units(self, stroke3: np.ndarray) -> np.ndarray:
        """Stroke-3 rows `[n, 3]` in data units -> float32 rows in model units; unchanged without a scale factor."""
        return to_model_units(stroke3, self.scale_factor or 1.0)

    def to_data_units(self, stroke3: np.ndarray) -> np.ndarray:
        """The inverse of `to_model_units`."""
        return to_data_units(stroke3, self.scale_factor or 1.0)

    # ---------------------------------------------------------------------------------------------- encoder

    def encode(self, strokes5: Tensor, lengths: Tensor, masks: Masks | None = None) -> tuple[Tensor, Tensor]:
        """The latent distribution of each sketch.

        Args:
            strokes5: `[B, N, 5]` without the start token.
            lengths: `[B]`, points in each sketch; what follows them has no influence.
            masks: what `dropout_masks` drew; None for no dropout.

        Returns:
            `(mu, presigma)`, `[B, N_z]` each; sigma = exp(presigma / 2).

        Raises:
            InputError: the model is decoder-only.
        """
        if not self.hparams.conditional:
            raise InputError("encode: this model is decoder-only (conditional = false) and has no encoder")
        x = ops.transpose(ops.cast(strokes5, self.variable_dtype), (1, 0, 2))
        forward = self._encode_one_way(self.encoder_forward, x, lengths, masks)
        backward = self._encode_one_way(self.encoder_backward, recurrence.reverse(x, lengths), lengths, masks)
        h = ops.concatenate([forward, backward], axis=-1)
        return self.mu(h), self.presigma(h)

    def _encode_one_way(self, cell: Any, x: Tensor, lengths: Tensor, masks: Masks | None) -> Tensor:
        """h `[B, H]` at each sketch's end."""
        batch_size = ops.shape(x)[1]
        context, state = cell.context(batch_size), cell.zero_state(batch_size)
        return recurrence.run_to_ends(cell, x, context, state, lengths, (masks or {}).get(cell.name)).h

    def reparameterise(self, mu: Tensor, presigma: Tensor, noise: Tensor | None = None) -> Tensor:
        """z = mu + exp(presigma / 2) * noise (equation 2).

        Args:
            mu, presigma: `[B, N_z]`, as `encode` returns them.
            noise: standard normals `[B, N_z]`; drawn from `seed_generator` when None.

        Returns:
            z, `[B, N_z]`.
        """
        if noise is None:
            noise = keras.random.normal(ops.shape(mu), dtype=mu.dtype, seed=self.seed_generator)
        return mu + ops.exp(presigma / 2.0) * ops.cast(noise, mu.dtype)

    # ---------------------------------------------------------------------------------------------- decoder

    def decoder_start(self, z: Tensor | None, batch_size: int) -> Tensors:
        """The decoder's state before its first step: tanh(W_z z + b_z), or zeros when decoder-only.

        Args:
            z: `[B, N_z]`, or None for a decoder-only model.
            batch_size: B.

        Returns:
            A state of the decoder's cell, each part `[B, its size]`.
        """
        if z is None:
            return self.decoder.zero_state(batch_size)
        z = ops.tanh(z) if self.hparams.squash_start else z
        return self.decoder.unpack(ops.tanh(self.initial_state(z)))

    def decode(self, inputs5: Tensor, z: Tensor | None = None, masks: Masks | None = None) -> Tensor:
        """Teacher-forced decoder.

        Args:
            inputs5: `[B, N, 5]`, the point before each step; the first is the start token (0, 0, 1, 0, 0).
            z: `[B, N_z]`, or None for a decoder-only model.
            masks: what `dropout_masks` drew; None for no dropout.

        Returns:
            Raw outputs `[B, N, 6 M + 3]`; `mixture.from_raw` reads them.
        """
        self._check_latent(z)
        return ops.transpose(self._decode(inputs5, z, masks), (1, 0, 2))

    def _decode(self, inputs5: Tensor, z: Tensor | None, masks: Masks | None) -> Tensor:
        """`decode` with time first: `[N, B, 6 M + 3]`."""
        masks = masks or {}
        x = ops.transpose(ops.cast(inputs5, self.variable_dtype), (1, 0, 2))
        steps, batch_size, _ = ops.shape(x)
        context = z
        if "input" in masks:  # dropout falls on z too, anew at every step: it is no longer the same at all of them
            if z is not None:
                x = ops.concatenate([x, ops.broadcast_to(z[None], (steps, *ops.shape(z)))], axis=-1)
            x, context = x * masks["input"], None
        context, start = self.decoder.context(batch_size, context), self.decoder_start(z, batch_size)
        h, _ = recurrence.run(self.decoder, x, context, start, masks.get("decoder"))
        h = h * masks["output"] if "output" in masks else h
        return self.output_head(h)

    def _check_latent(self, z: Tensor | None) -> None:
        if (z is not None) != self.hparams.conditional:
            kind, given = ("conditional", "no") if self.hparams.conditional else ("decoder-only", "a")
            raise InputError(f"decode: a {kind} model was given {given} latent vector; pass z exactly when conditional")

    # -------------------------------------------------------------------------------------- whole model, losses

    def dropout_masks(
        self, batch_size: int, steps: int, make_mask: Callable[[Sequence[int], float], Tensor] | None = None
    ) -> Masks:
        """The noise of every dropout that the hyperparameters switch on, for one pass over a batch.

        Args:
            batch_size, steps: B and N_max.
            make_mask: `(shape, keep_prob) -> mask`, such as a `mask_source`; from `seed_generator` when None.

        Returns:
            By place ("encoder_forward", "encoder_backward", "decoder": the cells' candidates; "input", "output": the
            decoder's), masks `[N_max, B, width]`: 0 with probability 1 - keep_prob, otherwise 1 / keep_prob.
        """
        hparams, cells = self.hparams, [self.decoder]
        if hparams.conditional:
            cells += [self.encoder_forward, self.encoder_backward]
        places = {cell.name: (cell.units, hparams.recurrent_keep_prob) for cell in cells}
        places["input"] = (self.decoder.input_size + self.decoder.context_size, hparams.input_keep_prob)
        places["output"] = (self.decoder.units, hparams.output_keep_prob)
        if make_mask is None:
            seed = keras.random.randint((), 0, 2**31 - 1, dtype="int32", seed=self.seed_generator)
            make_mask = backend().mask_source(seed)
        return {
            place: ops.cast(make_mask((steps, batch_size, width), keep_prob), self.variable_dtype)
            for place, (width, keep_prob) in places.items()
            if keep_prob < 1.0
        }

    def build(self, strokes5_shape: Sequence[int | None]) -> None:
        """Nothing: all weights were made with the model, whatever it is called on."""

    def call(
        self, strokes5: Tensor, lengths: Tensor | None = None, noise: Tensor | None = None, training: bool = False
    ) -> Tensor:
        """Encode sketches, and decode them with teacher forcing.

        Args:
            strokes5: `[B, N + 1, 5]` with the start token, in the model's units; N_max steps, or any other number.
            lengths: `[B]`, points in each sketch; counted from the end tokens when None.
            noise: `[B, N_z]`, the latent's standard normals; drawn from `seed_generator` when None.
            training: whether there is dropout; its masks are drawn from `seed_generator`.

        Returns:
            Raw outputs `[B, N, 6 M + 3]`; `mixture.from_raw` reads them. L_KL is added to the model's `losses`.
        """
        batch_size, points, _ = ops.shape(strokes5)
        masks = self.dropout_masks(batch_size, points - 1) if training else None
        raw, kl_raw = self._forward(strokes5, lengths, noise, masks)
        if kl_raw is not None:
            self.add_loss(kl_raw)  # `compute_loss` takes it from there
        return ops.transpose(raw, (1, 0, 2))

    def compute_output_spec(
        self, strokes5: Any, lengths: Any = None, noise: Any = None, training: bool = False
    ) -> keras.KerasTensor:
        """The shape of what `call` returns; sizes may be unknown (None)."""
        batch_size, points, _ = strokes5.shape
        steps = None if points is None else points - 1
        return keras.KerasTensor((batch_size, steps, self.output_head.bias.shape[0]), dtype=self.variable_dtype)

    def _forward(
        self, strokes5: Tensor, lengths: Tensor | None, noise: Tensor | None, masks: Masks | None
    ) -> tuple[Tensor, Tensor | None]:
        """Raw outputs with time first, `[N, B, 6 M + 3]`, and L_KL, None when decoder-only."""
        if not self.hparams.conditional:
            return self._decode(strokes5[:, :-1], None, masks), None
        if lengths is None:
            lengths = ops.sum(ops.cast(strokes5[:, 1:, 4] < 0.5, "int32"), axis=1)
        mu, presigma = self.encode(strokes5[:, 1:], lengths, masks)
        z = self.reparameterise(mu, presigma, noise)
        return self._decode(strokes5[:, :-1], z, masks), losses.kl_loss(mu, presigma)

    def loss_terms(
        self,
        strokes5: Tensor,
        lengths: Tensor | None = None,
        noise: Tensor | None = None,
        masks: Masks | None = None,
        floored: Floored = maximum,
    ) -> dict[str, Tensor]:
        """Every term of the objective, as scalars.

        Args:
            strokes5: `[B, N_max + 1, 5]` with the start token, in the model's units.
            lengths: `[B]`, points in each sketch; counted from the end tokens when None.
            noise: `[B, N_z]`, the latent's standard normals; drawn from `seed_generator` when None.
            masks: what `dropout_masks` drew; None for no dropout.
            floored: see `losses.loss_terms`.

        Returns:
            A dict; see `losses.loss_terms`.
        """
        strokes5 = ops.cast(strokes5, self.variable_dtype)
        raw, kl_raw = self._forward(strokes5, lengths, noise, masks)
        target = ops.transpose(strokes5[:, 1:], (1, 0, 2))
        return losses.loss_terms(raw, target, kl_raw, self.hparams.kl_tolerance, floored)

    # ---------------------------------------------------------------------------------------------------- saving

    def get_config(self) -> dict[str, Any]:
        hparams = self.hparams.model_dump(mode="json")
        return {"hparams": hparams, "scale_factor": self.scale_factor, **self.provenance.to_config()}

    def export(self, filepath: str | os.PathLike, format: str = "tf_saved_model") -> list[Path]:
        """Write the encoder and the decoder's step as functions that run without this package.

        Keras would export `call`, which draws nothing: it is fed with the drawing. See `serving.export`, which this is.
        """
        from . import serving  # here: it is made of this class

        return serving.export(self, filepath, format)

    @classmethod
    def from_preset(cls, name: str) -> "SketchRNN":
        """A model that ships with the package, such as "doodles"; see `presets.presets`.

        Raises:
            InputError: there is none of this name.
        """
        from .saving import load_keras  # here: it builds this class

        return load_keras(presets()[one_of("preset", name, presets())].file)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SketchRNN":
        hparams = HParams.from_dict(config, where="the model's configuration")
        return cls(hparams, config["scale_factor"], Provenance.from_config(config))


def least_weights(hparams: HParams) -> int:
    """A lower bound of the number of weights of a model, within a small factor of it.

    A file that holds fewer numbers cannot be that model: its reader asks before anything of that size is allocated.
    """
    units, latent = hparams.dec_rnn_size, hparams.z_size if hparams.conditional else 0
    count = (5 + latent + units) * 4 * units + units * (3 + 6 * hparams.num_mixture)
    if hparams.conditional:
        encoder = hparams.enc_rnn_size
        count += 2 * (5 + encoder) * 4 * encoder + 2 * 2 * encoder * latent + 2 * latent * units
    return count
