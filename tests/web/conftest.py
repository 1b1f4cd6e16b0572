"""What tests of the web page run it in."""

import shutil

import pytest


@pytest.fixture(scope="session")
def node():
    """The program that runs JavaScript outside a browser: one on the PATH, or the one inside of playwright."""
    if found := shutil.which("node"):
        return found
    driver = pytest.importorskip("playwright._impl._driver", reason="needs node, or playwright, which brings one")
    return str(driver.compute_driver_executable()[0])
