"""What the tests of files share: a file to download from a server that a test lets misbehave."""

import pytest
from support.downloads import check

from sketch_rnn_keras.files.transfer import Download


@pytest.fixture
def download(server, tmp_path):
    """The download of /file, and what the server will answer."""

    def make(*answers, name="file", max_bytes=2**20):
        server.answers[f"/{name}"] = list(answers)
        return Download(f"{server.url}/{name}", tmp_path / "new" / name, check, max_bytes)

    return make
