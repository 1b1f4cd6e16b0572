"""What the documents show and link to is in the repository."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data" / "README.md"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_pictures_and_links_are_there(path):
    targets = re.findall(r"\]\(([^)\s#]+)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert missing == []


def test_every_picture_is_shown():
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert [picture.name for picture in (ROOT / "docs" / "images").iterdir() if picture.name not in text] == []


def test_what_is_installed_without_tensorflow_is_what_the_package_requires():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.search(r"pip install (jax keras [\w\s\\-]+)```", readme)[1].replace("\\", "").split()
    assert set(listed) == required - {"tensorflow", "tensorboard"} | {"jax"}
