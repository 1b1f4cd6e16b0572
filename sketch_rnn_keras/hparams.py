"""Hyperparameters: one frozen, validated JSON document.

In: a JSON file (ours, a run directory's `config.json`, or the original's `model_config.json`), a dict, keyword
arguments, or `KEY=VALUE` strings. Out: an `HParams` whose every field has the right type and a possible value.
Names and defaults are the original's (thesis, listing 3.1; Magenta's `get_default_hparams`).

Beware of the original's naming: `recurrent_dropout_prob`, `input_dropout_prob` and `output_dropout_prob` are the
probabilities of KEEPING a unit, so 0.90 drops one in ten.
"""

import json
import numbers
import os
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from packaging.version import Version
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ._version import __version__
from .errors import MAX_LISTED, MAX_SHOWN, InputError, first_of, nearest, shown
from .files.configs import find_config
from .files.reading import read_json
from .files.writing import write_atomically
from .strokes import USUAL_MAX_SEQ_LEN

_INT_MAX = 2**31 - 1
_SHAPE_OF_DECODER = ("conditional", "dec_model", "dec_rnn_size", "num_mixture")
_SHAPE = (*_SHAPE_OF_DECODER, "enc_model", "enc_rnn_size", "z_size", "squash_start")


def _whole(value: Any) -> Any:
    """Turn 1e5 (how some JSON writers put integers) and NumPy integers into int; leave the rest to strict typing."""
    integral = isinstance(value, numbers.Integral) or (isinstance(value, float) and value.is_integer())
    return int(value) if integral and not isinstance(value, bool) else value


def _switch(value: Any) -> Any:
    """Turn the original's 0 and 1 into booleans."""
    return bool(value) if isinstance(value, numbers.Real) and value in (0, 1) else value


def _listed(value: Any) -> Any:
    """Turn one name into a list of one, and a tuple into a list."""
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, tuple) else value


# The string at the end of each type is what error messages say was expected.
Count = Annotated[
    int, BeforeValidator(_whole), Field(strict=True, ge=1, le=_INT_MAX), f"a whole number from 1 to {_INT_MAX}"
]
Seed = Annotated[
    int, BeforeValidator(_whole), Field(strict=True, ge=0, le=_INT_MAX), f"a whole number from 0 to {_INT_MAX}"
]
Switch = Annotated[bool, BeforeValidator(_switch), Field(strict=True), "true or false (or 1 or 0)"]
Text = Annotated[str, Field(strict=True), "text"]
Names = Annotated[
    list[Annotated[str, Field(strict=True, min_length=1)]],
    BeforeValidator(_listed),
    Field(strict=True, min_length=1),
    "a file or category name, or a non-empty list of them",
]
Cell = Annotated[Literal["lstm", "layer_norm", "hyper"], 'one of "lstm", "layer_norm", "hyper"']
Precision = Annotated[
    Literal["float32", "mixed_bfloat16", "mixed_float16"], 'one of "float32", "mixed_bfloat16", "mixed_float16"'
]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0), "a finite number above 0"]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0), "a finite number of at least 0"]
Probability = Annotated[float, Field(strict=True, gt=0, le=1), "a number above 0 and at most 1"]
Fraction = Annotated[float, Field(strict=True, ge=0, lt=1), "a number of at least 0 and below 1"]


class _Faults(InputError):
    """What is wrong with hyperparameters: the first faults, and how many there are."""

    def __init__(self, faults: list[str], count: int):
        super().__init__(first_of(faults, count))
        self.faults, self.count = faults, count

    def __reduce__(self) -> tuple:
        return _Faults, (self.faults, self.count)  # between processes


class HParams(BaseModel):
    """Every setting of a model and its training, under the original's names and defaults.

    Immutable; `replace` makes a changed copy. `model_fields_set` holds the names that were given rather than
    defaulted.

    Raises:
        InputError: an unknown name, a wrong type or an impossible value; the first faults are listed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data_set: Names = Field(["aaron_sheep.npz"], description="Data files or Quick, Draw! categories, concatenated")
    num_steps: Count = Field(10_000_000, description="Optimiser steps in the whole training")
    save_every: Count = Field(500, description="Steps between validations, each of which writes a checkpoint")
    max_seq_len: Count = Field(USUAL_MAX_SEQ_LEN, description="N_max: longest sketch, in points; others are dropped")
    dec_rnn_size: Count = Field(512, description="Units of the decoder's cell")
    dec_model: Cell = Field("lstm", description="The decoder's cell: lstm, layer_norm or hyper")
    enc_rnn_size: Count = Field(256, description="Units of each of the encoder's two cells (forward, backward)")
    enc_model: Cell = Field("lstm", description="The encoder's cells: lstm, layer_norm or hyper")
    z_size: Count = Field(128, description="N_z: dimensions of the latent vector")
    kl_weight: NonNegative = Field(0.5, description="w_KL: final weight of the KL loss")
    kl_weight_start: NonNegative = Field(0.01, description="Weight of the KL loss at step 0")
    kl_tolerance: NonNegative = Field(0.2, description="KL_min: nats per dimension below which KL is not punished")
    batch_size: Count = Field(100, description="Sketches per optimiser step")
    grad_clip: Positive = Field(1.0, description="Each gradient element is clipped to plus or minus this")
    num_mixture: Count = Field(20, description="M: bivariate normals in the mixture")
    learning_rate: Positive = Field(0.001, description="Adam's learning rate at step 0")
    decay_rate: Probability = Field(0.9999, description="Factor per step on the learning rate's excess over its floor")
    kl_decay_rate: Probability = Field(0.99995, description="R: factor per step on the KL weight's distance to its end")
    min_learning_rate: NonNegative = Field(0.00001, description="The learning rate's floor")
    use_recurrent_dropout: Switch = Field(True, description="Dropout on the cells' candidate values while training")
    recurrent_dropout_prob: Probability = Field(0.90, description="Probability of KEEPING a candidate value")
    use_input_dropout: Switch = Field(False, description="Dropout on the decoder's inputs while training")
    input_dropout_prob: Probability = Field(0.90, description="Probability of KEEPING an input of the decoder")
    use_output_dropout: Switch = Field(False, description="Dropout on the decoder's outputs while training")
    output_dropout_prob: Probability = Field(0.90, description="Probability of KEEPING an output of the decoder")
    random_scale_factor: Fraction = Field(0.15, description="x and y are each scaled by U(1 - this, 1 + this)")
    augment_stroke_prob: Fraction = Field(0.10, description="Probability of dropping a point of a training sketch")
    conditional: Switch = Field(True, description="true: encoder, latent vector and decoder; false: decoder only")
    is_training: Switch = Field(True, description="false turns every dropout off")

    # Not the original's.
    precision: Precision = Field("float32", description="Of the cells' matrix products; mixed ones are for GPUs")
    squash_start: Switch = Field(
        False, description="tanh(z) sets the decoder's start, not z: VAEs of sketch-rnn-js before version 6"
    )
    seed: Seed = Field(0, description="Seed of every random stream: weights, batches, dropout, latent noise")
    log_every: Count = Field(20, description="Steps between rows of the training log")
    description: Text = Field("", description="Free text: the command to run, the data it needs, what was measured")

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            raise _Faults([_explain(fault) for fault in faults[:MAX_LISTED]], len(faults)) from None

    @model_validator(mode="after")
    def _check_learning_rates(self) -> Self:
        if self.min_learning_rate > self.learning_rate:
            raise ValueError(
                f"'min_learning_rate': expected at most the learning_rate, {self.learning_rate}, "
                f"received {self.min_learning_rate}"
            )
        return self

    @property
    def recurrent_keep_prob(self) -> float:
        """Probability in (0, 1] of keeping a candidate value of a cell; 1.0 when its dropout is off."""
        return self.recurrent_dropout_prob if self.use_recurrent_dropout and self.is_training else 1.0

    @property
    def input_keep_prob(self) -> float:
        """Probability in (0, 1] of keeping an input of the decoder; 1.0 when its dropout is off."""
        return self.input_dropout_prob if self.use_input_dropout and self.is_training else 1.0

    @property
    def output_keep_prob(self) -> float:
        """Probability in (0, 1] of keeping an output of the decoder; 1.0 when its dropout is off."""
        return self.output_dropout_prob if self.use_output_dropout and self.is_training else 1.0

    @property
    def length_limit(self) -> int | None:
        """`max_seq_len` if it was given, for `load_dataset`; None, for no limit, if it was not."""
        return self.max_seq_len if "max_seq_len" in self.model_fields_set else None

    @property
    def shape(self) -> dict[str, Any]:
        """By name, what decides a model's weights and what is computed with them, apart from precision and dropout."""
        return {name: getattr(self, name) for name in (_SHAPE if self.conditional else _SHAPE_OF_DECODER)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "hyperparameters") -> Self:
        """Validate a mapping of names to values; names left out take their defaults.

        Args:
            values: hyperparameters by name, or a run's `{"hparams": {...}, ...}`.
            where: what error messages call the source.

        Raises:
            InputError: not a mapping, an unknown name, a wrong type or an impossible value.
        """
        return cls._validate(*_unwrap(values, where), _newer(values))

    @classmethod
    def _validate(cls, values: Mapping, where: str, hint: list[str]) -> Self:
        if strange := [key for key in values if not isinstance(key, str)]:
            raise InputError(f"{where}: expected names as keys, received {_shown(strange[0])}")
        try:
            return cls(**values)
        except _Faults as error:
            faults = first_of([f"{where}: {fault}" for fault in error.faults], error.count)
            raise InputError("\n".join([faults, *(f"{where}: {line}" for line in hint)])) from None

    @classmethod
    def load(cls, path: str | os.PathLike, /, **overrides: Any) -> Self:
        """Read a JSON file: hyperparameters, a run's `config.json`, or the original's `model_config.json`.

        Args:
            path: the file, at most 1 MiB, or the name of a configuration that ships, such as "quickstart".
            **overrides: hyperparameters that replace the file's.

        Raises:
            InputError: a file that cannot be read or is not such a JSON document, or any fault `from_dict` reports.
        """
        what = "a JSON file of hyperparameters"
        document = read_json(find_config(path, what), what)
        values, where = _unwrap(document, str(path))
        if overrides:
            where = f"{where}, with {', '.join(overrides)} overridden"
        return cls._validate({**values, **overrides}, where, _newer(document))

    def save(self, path: str | os.PathLike) -> None:
        """Write every hyperparameter to a JSON file, in the order of the fields, replacing the file in one step.

        Raises:
            InputError: the file cannot be written.
        """
        write_atomically(path, (json.dumps(self.model_dump(), indent=2) + "\n").encode())

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some hyperparameters changed; `model_fields_set` grows by their names.

        Raises:
            InputError: as `from_dict`.
        """
        return self.from_dict(self.model_dump(exclude_unset=True) | changes, where="changed hyperparameters")

    @classmethod
    def parse_overrides(cls, items: Iterable[str]) -> dict[str, Any]:
        """Turn `KEY=VALUE` strings into keyword arguments for `load` or `replace`.

        Args:
            items: e.g. `kl_weight=1.0`, `enc_model=layer_norm`, `data_set=["cat", "owl"]`. A value is JSON; a bare
                word is a string; Python's True and False mean true and false.

        Returns:
            Values by key. The keys are known; `load` and `replace` check the values.

        Raises:
            InputError: no `=`, an unknown or repeated key, or a value that begins like JSON and is not.
        """
        overrides: dict[str, Any] = {}
        for item in items:
            key, equals, text = (part.strip() for part in item.partition("="))
            if not equals:
                raise InputError(f"{item}: expected KEY=VALUE, such as kl_weight=1.0")
            if key not in cls.model_fields:
                raise InputError(f"{item}: {_unknown(key)}")
            if key in overrides:
                raise InputError(f"{item}: '{key}' is set twice; give it once")
            overrides[key] = _parse_value(text, item)
        return overrides


def _unwrap(values: Any, where: str) -> tuple[Mapping, str]:
    """Find the hyperparameters: the mapping itself, or what a run's `config.json` keeps under "hparams"."""
    if isinstance(values, Mapping) and {"data_sets", "variants"} & values.keys():
        raise InputError(f"{where}: this is the plan of a sweep, several trainings; see training/sweep.py")
    if isinstance(values, Mapping) and "hparams" in values:
        values, where = values["hparams"], f"{where}, in 'hparams'"
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: expected an object of hyperparameter names and values, received {_shown(values)}")
    return values, where


def _newer(document: Any) -> list[str]:
    """What to say of the faults of a document that a later version of this package wrote: [] of any other."""
    version = document.get("sketch_rnn_keras") if isinstance(document, Mapping) else None
    try:
        is_newer = isinstance(version, str) and Version(version) > Version(__version__)
    except ValueError:  # no version
        return []
    hint = f"written by sketch_rnn_keras {str(version)[:MAX_SHOWN]}, newer than this one, {__version__}; upgrade it"
    return [hint] if is_newer else []


def _parse_value(text: str, item: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if text.startswith(("[", "{", '"')):
            raise InputError(f'{item}: broken JSON; quote it whole, as in \'data_set=["cat", "owl"]\'') from None
        return text


def _explain(fault: Mapping[str, Any]) -> str:
    """Put one of pydantic's error records into a sentence: the key, what was expected, what came."""
    if not fault["loc"]:
        return str(fault["ctx"]["error"])
    key = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return _unknown(key)
    inside = "".join(f"[{index}]" for index in fault["loc"][1:])
    expected = next(note for note in HParams.model_fields[key].metadata if isinstance(note, str))
    return f"'{key}{inside}': expected {expected}, received {_shown(fault['input'])}"


def _unknown(key: str) -> str:
    names = list(HParams.model_fields)
    near = nearest(key[:MAX_SHOWN], names)
    advice = f"did you mean '{near[0]}'?" if near else f"HParams.model_fields lists the {len(names)} keys"
    return f"unknown key {shown(key)}; {advice}"


def _shown(value: Any) -> str:
    return f"{shown(value)} ({type(value).__name__})"
