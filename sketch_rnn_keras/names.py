"""Names that a user may misspell: what was meant?"""

import difflib
from collections.abc import Iterable, Sequence

from .errors import InputError


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Lists up to three of the known names that resemble `name`, the best first; capitals do not matter."""
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    return [by_lower_case[match] for match in difflib.get_close_matches(name.lower(), by_lower_case)]


def check_names(names: Sequence[str], known: Sequence[str], what: str) -> None:
    """Refuses names that are not known, all at once.

    Args:
        names: what the user wrote.
        known: what there is.
        what: what the known names are, in the plural, for the message.

    Raises:
        InputError: naming each unknown name and those nearest to it.
    """
    wrong = [name for name in dict.fromkeys(names) if name not in known]
    if wrong:
        got = "; and ".join(f"{name!r}; near: {', '.join(nearest(name, known)) or 'none'}" for name in wrong)
        raise InputError(f"expected one of the {len(known)} {what}, got {got}")
