"""Where a model's weights come from: what `.keras` files carry beside hyperparameters, scale factor and weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .._version import __version__
from ..errors import shown


@dataclass(frozen=True)
class Provenance:
    """Where a model's weights come from.

    Attributes:
        data: `{"name": ..., "sha256": ...}` of each data set that the model was trained on, as far as they are known
            beyond the names in `hparams.data_set`.
        origin: what the model was converted from; "" when it was trained with this package.
        version: of the sketch_rnn_keras that wrote the file, or trained the model if it has not been in one; None when
            the file does not say.
        start: `{"name": ..., "sha256": ...}` of the model whose weights training began with, the latter if that was one
            file; empty when it began with random ones.
        notes: sentences on what the reader of a file had to infer; not saved.
    """

    data: tuple[Mapping[str, str], ...] = ()
    origin: str = ""
    version: str | None = __version__
    start: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_config(self) -> dict[str, Any]:
        """The part of a saved model's configuration that `from_config` reads; the version is the present one."""
        data = [dict(source) for source in self.data]
        config = {"sketch_rnn_keras": __version__, "data": data, "origin": self.origin}
        return config | ({"start": dict(self.start)} if self.start else {})

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Read what `to_config` wrote; files of early versions hold none of it.

        Raises:
            ValueError: a value has another type than `to_config` gives it.
        """
        data, origin, version = config.get("data", []), config.get("origin", ""), config.get("sketch_rnn_keras")
        if not isinstance(origin, str) or not isinstance(version, str | None):
            raise ValueError(f"its origin is {shown(origin)} and its sketch_rnn_keras {shown(version)}, not text")
        if not isinstance(data, list) or not all(_is_source(source) for source in data):
            raise ValueError("its data is not a list of names and sha256")
        if (start := config.get("start", {})) and not _is_source(start):
            raise ValueError("its start is not a name and sha256")
        return cls(tuple(data), origin, version, start)


def _is_source(source: Any) -> bool:
    return isinstance(source, dict) and "name" in source and all(isinstance(value, str) for value in source.values())
