"""Facts about `sketch-rnn download-model`: what it fetches, says and refuses."""

from pathlib import Path

import pytest
from support.published import DECODER, ENCODER, model
from support.server import Answer

from sketch_rnn_keras.interop.published import MODELS


@pytest.mark.parametrize(
    ("options", "source", "name"),
    [
        ([], "models/bird.gen.json", "models/bird.gen.json"),
        (["--size", "large"], "large_models/bird.gen.json", "models/bird.large.gen.json"),
        (["--kind", "vae", "--output-dir", "a/b"], "large_models/bird.vae.json", "a/b/bird.large.vae.json"),
        (["--kind", "vae", "--size", "small"], "models/bird.vae.json", "models/bird.vae.json"),
    ],
)
def test_models_are_fetched_from_where_they_lie(command, server, options, source, name):
    content = model((*ENCODER, *DECODER) if "vae" in options else DECODER)
    server.answers[f"/{source}"] = [Answer(content)]
    assert command("download-model", "bird", *options, "--base-url", server.url)[:2] == (0, "")
    assert server.paths == [f"/{source}"]
    assert Path(name).read_bytes() == content


def test_what_is_there_is_not_downloaded_again(command, server):
    server.answers["/models/bird.gen.json"] = [Answer(model())]
    command("download-model", "bird", "--base-url", server.url)
    status, _, err = command("download-model", "bird", "--base-url", server.url)
    assert status == 0
    assert "there already, as downloaded" in err
    assert len(server.paths) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["brid", "dog"], "114 published gen models, received 'brid'; near: bridge, bird"),
        (["everything", "--kind", "vae"], "113 published vae models, received 'everything'"),
        (["bird", "--kind", "both"], "kind: expected gen or vae, received 'both'"),
        (["bird", "--size", "huge"], "size: expected small or large, received 'huge'"),
        ([], "at least one name"),
    ],
)
def test_what_there_is_not_is_refused(command, arguments, message):
    status, out, err = command("download-model", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert not Path("models").exists()


def test_the_command_lists_them(command):
    assert command("download-model", "--list") == (0, "\n".join(MODELS) + "\n", "")
