"""Facts about the published models: what there is, where it lies, and what is taken for one."""

import json
from pathlib import Path

import pytest
from support import paths
from support.server import Answer

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop.published import BASE_URL, MODELS, check_model, download_models

SHARED = paths.SHARED / "models"
DECODER = ((4, 123), (123,), (5, 16), (4, 16), (16,))
ENCODER = ((5, 8), (2, 8), (8,), (5, 8), (2, 8), (8,), (4, 3), (3,), (4, 3), (3,), (3, 8), (8,))


def text_of(*shape: int) -> str:
    size = 1
    for side in shape:
        size *= side
    return "A" * (4 * -(-2 * size // 3))


def model(of=DECODER, **changes) -> bytes:
    parts = {"info": {"mode": 2, "name": "x"}, "shapes": of, "weights": [text_of(*shape) for shape in of]}
    return json.dumps(list((parts | changes).values())).encode()


def test_names():
    assert len(MODELS) == len(set(MODELS)) == 114
    assert list(MODELS) == sorted(MODELS)
    assert {"bird", "dog", "the_mona_lisa", "crabrabbitfacepig", "everything"} <= set(MODELS)
    assert BASE_URL.startswith("https://")


@pytest.mark.parametrize(
    ("options", "source", "name"),
    [
        ([], "models/bird.gen.json", "models/bird.gen.json"),
        (["--size", "large"], "large_models/bird.gen.json", "models/bird.large.gen.json"),
        (["--kind", "vae", "--output-dir", "a/b"], "large_models/bird.vae.json", "a/b/bird.large.vae.json"),
        (["--kind", "vae", "--size", "small"], "models/bird.vae.json", "models/bird.vae.json"),
    ],
)
def test_where_they_lie(command, server, options, source, name):
    content = model((*ENCODER, *DECODER) if "vae" in options else DECODER)
    server.answers[f"/{source}"] = [Answer(content)]
    assert command("download-model", "bird", *options, "--base-url", server.url)[:2] == (0, "")
    assert server.paths == [f"/{source}"]
    assert Path(name).read_bytes() == content
    assert "there already, as downloaded" in command("download-model", "bird", *options, "--base-url", server.url)[2]


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
def test_refusals(command, arguments, message):
    status, out, err = command("download-model", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert not Path("models").exists()


def test_the_command_lists_them(command):
    assert command("download-model", "--list") == (0, "\n".join(MODELS) + "\n", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"[" * 5000,
        b"[" * 100_000,
        b"[" + b"{}," * 1_000_000 + b"{}]",
        b"3",
        b"[1, 2, 3]",
        b'{"info": {}, "shapes": [], "weights": []}',
        model()[:-1],
        model((*ENCODER, *DECODER)),
        model(DECODER[:4]),
        model(info=[]),
        model(weights={}),
        model(weights=[text_of(*shape) for shape in DECODER[1:]]),
        model(weights=[7] * 5),
        model(weights=["A"] * 5),
        model(shapes=[[4, 123], [123], [5, 16], [4, 16], [-16]]),
        model(shapes=[[4, 123], [123], [5, 16], [4, 16], ["16"]]),
        model(shapes=[[4, 123], [123], [5, 16], [4, 16], 16]),
        model(shapes=[[4, 123], [123], [5, 16], [4, 16], [True, 16]]),
        model(shapes=[[4, 123], [123], [5, 16], [4, 16], [10**4000 + 1]]),
    ],
    ids=lambda content: content[:25].decode("latin1"),
)
def test_what_is_no_model_is_not_kept(server, tmp_path, content):
    server.answers["/models/bird.gen.json"] = [Answer(content)]
    with pytest.raises(InputError, match="what came is not a sketch-rnn-js gen model"):
        download_models(["bird"], tmp_path, base_url=server.url, progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["bird", "dog"])
def test_real_models_are_taken_for_what_they_are(name):
    path = SHARED / f"{name}.gen.json"
    if not path.exists():
        pytest.skip("the published models are not beside the repository: no shared/models")
    check_model(path, "gen")
    with pytest.raises(ValueError, match="vae"):
        check_model(path, "vae")
