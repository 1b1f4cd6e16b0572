"""The recogniser: what ships knows the built-in subjects, another can be taught, and no file is trusted."""

import json
import pickle

import numpy as np
import pytest

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.doodles import SUBJECTS, make_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.arrays import read_arrays, write_arrays
from sketch_rnn_keras.quality import raster
from sketch_rnn_keras.quality.recogniser import (
    SCRIBBLE,
    SHIPPED,
    OfCategory,
    Recogniser,
    load_recogniser,
    scribbles,
    train_recogniser,
)

SMALL = raster.Style(size=12, line_width=20)


@pytest.fixture(scope="module")
def shipped():
    return load_recogniser()


@pytest.fixture(scope="module")
def drawings():
    """Of each subject some that nothing was trained on."""
    return {subject.replace("_", " "): make_splits(subject, (0, 0, 12), seed=77)["test"] for subject in SUBJECTS}


@pytest.fixture(scope="module")
def taught(drawings):
    return train_recogniser({name: drawings[name] for name in ("cat", "umbrella")}, steps=60, style=SMALL)


def names(recogniser, drawings):
    return [recogniser.categories[place] for place in recogniser.see(drawings).probabilities.argmax(axis=1)]


def test_what_ships_knows_the_built_in_subjects_and_that_scribbles_are_none(shipped, drawings):
    assert set(shipped.categories) == {*drawings, SCRIBBLE}
    taken = [name == known for name, each in drawings.items() for known in names(shipped, each)]
    assert np.mean(taken) > 0.98
    nonsense = scribbles([drawing for each in drawings.values() for drawing in each])
    assert np.mean([name == SCRIBBLE for name in names(shipped, nonsense)]) > 0.95
    assert names(shipped, [np.zeros((0, 3))]) == [SCRIBBLE]


def test_what_ships_is_small():
    assert SHIPPED.stat().st_size < 2**19


def test_probabilities_sum_to_1_and_features_have_a_standard_deviation_of_1_in_the_mean(shipped, drawings):
    seen = shipped.see([drawing for each in drawings.values() for drawing in each])
    np.testing.assert_allclose(seen.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert seen.features.shape == (len(SUBJECTS) * 12, 64)
    assert seen.features.std(axis=0).mean() == pytest.approx(1, rel=0.1)


def test_a_drawing_is_seen_alike_in_whatever_company_place_and_size(shipped, drawings):
    cats = drawings["cat"]
    together = shipped.see(cats)
    alone = shipped.see([cats[3] * np.array([7, 7, 1])])
    np.testing.assert_allclose(alone.features[0], together.features[3], atol=0.02)
    assert shipped.see([]).features.shape == (0, 64)
    many = shipped.see(cats * 50)  # more than the network sees at once
    np.testing.assert_allclose(many.features[-12:], together.features, atol=1e-4)


def test_a_new_one_is_taught_in_a_few_steps(taught, drawings):
    assert taught.categories == ("cat", "umbrella", SCRIBBLE)
    for name in ("cat", "umbrella"):
        assert names(taught, drawings[name]).count(name) >= 11


def test_the_same_seed_gives_the_same_recogniser_and_another_another(drawings):
    two = {name: drawings[name] for name in ("cat", "umbrella")}
    told = []
    first, again = (train_recogniser(two, steps=2, seed=1, style=SMALL, progress=told.append) for _ in range(2))
    assert told == [1, 2, 1, 2]
    kernels = [each.network.get_layer("features").kernel for each in (first, again)]
    np.testing.assert_allclose(*map(np.asarray, kernels), atol=1e-5)
    begun = [np.asarray(Recogniser(first.categories, SMALL, seed).network.weights[0]) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(begun[0], begun[1])
    assert np.abs(begun[0] - begun[2]).max() > 0.01


def test_what_was_saved_is_what_is_loaded(taught, drawings, tmp_path):
    path = taught.save(tmp_path / "mine.npz")
    again = load_recogniser(path)
    assert (again.categories, again.style) == (taught.categories, SMALL)
    np.testing.assert_array_equal(again.see(drawings["cat"]).features, taught.see(drawings["cat"]).features)


def test_a_file_of_another_kind_is_refused(taught, tmp_path):
    path = taught.save(tmp_path / "mine.npz")
    arrays = read_arrays(path)
    about = json.loads(str(arrays["about"]))
    weight = next(name for name in arrays if name != "about")
    cases = {
        "another format": arrays | {"about": np.array(json.dumps(about | {"format": "x"}))},
        "no about": {name: array for name, array in arrays.items() if name != "about"},
        "no JSON": arrays | {"about": np.array("{")},
        "no object": arrays | {"about": np.array("[]")},
        "a category twice": arrays | {"about": np.array(json.dumps(about | {"categories": ["a", "a", SCRIBBLE]}))},
        "many categories": arrays | {"about": np.array(json.dumps(about | {"categories": [*map(str, range(2000))]}))},
        "a huge style": arrays | {"about": np.array(json.dumps(about | {"style": {"size": 10**9}}))},
        "an unknown style": arrays | {"about": np.array(json.dumps(about | {"style": {"colour": 1}}))},
        "a weight of another shape": arrays | {weight: arrays[weight][..., :1]},
        "a weight that is not finite": arrays | {weight: arrays[weight] * np.float32("nan")},
        "a weight missing": {name: array for name, array in arrays.items() if name != weight},
        "a weight too many": arrays | {"more": np.zeros(3)},
    }
    for name, changed in cases.items():
        write_arrays(tmp_path / "changed.npz", changed)
        with pytest.raises(InputError, match="expected a recogniser that this package saved") as refusal:
            load_recogniser(tmp_path / "changed.npz")
        assert len(str(refusal.value)) < 500, name


class _Trap:
    """Unpickled, it would leave a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_nothing_in_a_file_is_run(tmp_path):
    sprung = tmp_path / "sprung"
    np.savez(tmp_path / "trap.npz", about=np.array([_Trap(sprung)], object))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(_Trap(sprung)))
    for name in ("trap.npz", "pickle.npz", "none.npz"):
        with pytest.raises(InputError):
            load_recogniser(tmp_path / name)
    assert not sprung.exists()


def test_what_cannot_be_taught_is_refused(drawings, tmp_path):
    with pytest.raises(InputError, match="drawings: expected some of each category, received none of 'dog'"):
        train_recogniser({"cat": drawings["cat"], "dog": []})
    with pytest.raises(InputError, match="categories: expected 2 to 999 different names"):
        train_recogniser({"cat": drawings["cat"]})
    with pytest.raises(InputError, match="categories: expected 2 to 999 different names"):
        Recogniser(("cat", "dog"))
    for style, message in ((raster.Style(size=129), "size: .*from 1 to 128"), (raster.Style(line_width=-1), "line_w")):
        with pytest.raises(InputError, match=message):
            Recogniser(("cat", "dog", SCRIBBLE), style)
    with pytest.raises(InputError, match="expected a file name ending in .npz"):
        Recogniser(("cat", "dog", SCRIBBLE)).save(tmp_path / "a.keras")


def test_the_drawings_of_a_category_are_those_with_its_number():
    dataset = load_dataset(["doodles:cat:30", "doodles:flying_saucer:20"])
    saucers = OfCategory(dataset.train, dataset.categories.index("flying saucer"))
    assert len(saucers) == 20
    expected = make_splits("flying_saucer", (20, 0, 0))["train"]
    assert all((one == other).all() for one, other in zip(saucers, expected, strict=True))


def test_categories_are_found_where_they_are_known(shipped):
    assert shipped.indices(["owl", "monkey", "cat", "owl"]) == [2, 0]
