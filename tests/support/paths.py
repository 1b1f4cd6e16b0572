"""Where things are that tests read: the repository, its golden numbers, and real data beside it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
SHARED = ROOT.parent / "shared"


def shared(*parts: str) -> Path:
    """A file or folder of the real data; the test that asks is skipped, saying so, where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {path.relative_to(ROOT.parent)} beside the repository")
    return path
