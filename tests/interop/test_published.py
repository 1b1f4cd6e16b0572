"""Facts about the published models: what there is, where it lies, and what is taken for one."""

import pytest
from support.paths import shared
from support.published import DECODER, ENCODER, model, text_of
from support.server import Answer

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop.published import BASE_URL, MODELS, check_model, download_models


def test_there_are_114_models_in_the_order_of_their_names():
    assert len(MODELS) == len(set(MODELS)) == 114
    assert list(MODELS) == sorted(MODELS)
    assert {"bird", "dog", "the_mona_lisa", "crabrabbitfacepig", "everything"} <= set(MODELS)


def test_downloads_come_over_https():
    assert BASE_URL.startswith("https://")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "both"}, "kind: expected gen or vae, received 'both'"),
        ({"size": "huge"}, "size: expected small or large, received 'huge'"),
    ],
)
def test_other_kinds_and_sizes_are_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        download_models(["bird"], tmp_path, **options)


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
    assert check_model(shared("models", f"{name}.gen.json"), "gen") is None


@pytest.mark.parametrize("name", ["bird", "dog"])
def test_real_models_are_not_taken_for_the_other_kind(name):
    with pytest.raises(ValueError, match="not a sketch-rnn-js vae model"):
        check_model(shared("models", f"{name}.gen.json"), "vae")
