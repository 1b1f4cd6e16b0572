"""Models on the Hugging Face Hub, as Keras writes them: `model.save("hf://user/name")`.

Enters: a name such as `hf://user/name`. Leaves: a folder in the Hub's own cache, which `loading` opens without trust.
"""

import re
from pathlib import Path

from ..errors import InputError, shown

PREFIX = "hf://"
FILES = ("config.json", "metadata.json", "model.weights.h5", "model.keras")  # nothing else is fetched


def download(name: str) -> Path:
    """Fetch a model from the Hub, or find it in the Hub's cache.

    Args:
        name: `hf://user/name`.

    Returns:
        The folder that holds it.

    Raises:
        InputError: the name is none of this form, huggingface_hub is not installed, or there is no such model.
    """
    if not re.fullmatch(r"hf://[\w.-]+/[\w.-]+", name):
        raise InputError(f"expected a model on the Hugging Face Hub as hf://user/name, received {shown(name)}")
    try:
        import huggingface_hub
    except ImportError:
        raise InputError(f"{name}: huggingface_hub is not installed; pip install huggingface_hub") from None
    try:
        return Path(huggingface_hub.snapshot_download(name.removeprefix(PREFIX), allow_patterns=list(FILES)))
    except (OSError, ValueError, huggingface_hub.errors.HfHubHTTPError) as error:
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise InputError(
            f"{name}: cannot be fetched from the Hugging Face Hub ({reason}); check name and network"
        ) from None
