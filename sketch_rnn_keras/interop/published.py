"""The models that Google published for sketch-rnn-js and Magenta.js, by name.

Enters: names such as `bird` or `crabrabbitfacepig`. Leaves: paths of `.gen.json` and `.vae.json` files, whose outer
structure has been looked at. The names, and where the files lie, are those of the readme files of sketch-rnn-js (both
kinds, large) and of @magenta/sketch (the decoders, in both sizes).
"""

import math
import os
from collections.abc import Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import InputError, known_names, one_of
from .js_format import MAX_BYTES, WEIGHTS, base64_length, is_shape, read_document

BASE_URL = "https://storage.googleapis.com/quickdraw-models/sketchRNN"
MODELS = tuple(resources.files(__package__).joinpath("published_models.txt").read_text(encoding="utf-8").splitlines())
SIZES = {"small": ("models", ""), "large": ("large_models", ".large")}  # folder, and what its files are called here

_USUAL_SIZE = {"gen": "small", "vae": "large"}
_WITHOUT_VAE = ("everything",)


def download_models(
    models: Sequence[str],
    output_dir: str | os.PathLike = "models",
    *,
    kind: str = "gen",
    size: str | None = None,
    base_url: str = BASE_URL,
    progress: bool = True,
) -> list[Path]:
    """Gets published models. One that is there already is compared with the record of its download.

    Args:
        models: some of `MODELS`; all are looked at before anything is fetched.
        output_dir: the folder to put them in; made if it does not exist.
        kind: "gen" for decoders alone, "vae" for models with an encoder.
        size: "small" for decoders of 512 units, "large" for more; None for the documented one, small for gen and large
            for vae.
        base_url: where the folders `models` and `large_models` lie.
        progress: whether to tell about it on standard error.

    Returns:
        For each model its file: `output_dir/bird.gen.json`, or `bird.large.gen.json` if it is large.

    Raises:
        InputError: there is no such model, a download failed, what came is not a model of this kind, or a file has
            been damaged since; the other downloads are completed first.
    """
    from ..files.fetching import Download, download_all  # here: only a download needs HTTP

    one_of("kind", kind, WEIGHTS)
    size = one_of("size", _USUAL_SIZE[kind] if size is None else size, SIZES)
    published = [model for model in MODELS if kind == "gen" or model not in _WITHOUT_VAE]
    known_names(models, published, f"published {kind} models")
    folder, mark = SIZES[size]
    paths = {model: Path(output_dir) / f"{model}{mark}.{kind}.json" for model in models}
    check = partial(check_model, kind=kind)
    root = f"{base_url.rstrip('/')}/{folder}"
    downloads = [Download(f"{root}/{model}.{kind}.json", path, check, MAX_BYTES) for model, path in paths.items()]
    download_all(downloads, progress=progress)
    return [paths[model] for model in models]


def check_model(path: Path, kind: str) -> None:
    """Looks at the outer form of a sketch-rnn-js file, without decoding the weights.

    Args:
        path: the file.
        kind: "gen" or "vae".

    Raises:
        ValueError: it is no such file, or not all of one.
    """
    what = f"a sketch-rnn-js {kind} model, [info, shapes, weights] with {WEIGHTS[kind]} weights"
    try:
        _, shapes, weights = read_document(path)
    except InputError as error:
        raise ValueError(f"not {what} ({error})") from error
    if not len(shapes) == len(weights) == WEIGHTS[kind] or not all(map(_fits, shapes, weights)):
        raise ValueError(f"not {what}")


def _fits(shape: Any, weight: Any) -> bool:
    """Whether a text has the length of the base64 of 16-bit numbers in an array of this shape."""
    return is_shape(shape) and isinstance(weight, str) and len(weight) == base64_length(math.prod(shape))
