"""Each measure of sets against its formula, in cases whose answer is known."""

import math

import numpy as np
import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.quality import metrics


def normal(count, seed, mean=0.0, scale=1.0, size=4):
    return np.random.default_rng(seed).normal(0, 1, (count, size)) * scale + mean


@pytest.fixture(scope="module")
def two_sets():
    return normal(500, 1), normal(500, 2)


# ------------------------------------------------------------------------------------------------- Frechet distance


def with_moments(mean, covariance, count=50, seed=0):
    """Vectors whose mean and covariance are exactly these."""
    rows = normal(count, seed, size=len(mean))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T
    return rows @ np.linalg.cholesky(np.asarray(covariance, float)).T + mean


def test_the_frechet_distance_of_two_normal_distributions_is_that_of_the_formula():
    """For covariances that commute it is |m - n|^2 + |C^1/2 - D^1/2|^2."""
    x = with_moments([1.0, 2.0, -1.0], np.diag([1.0, 4.0, 9.0]))
    y = with_moments([0.0, 0.0, 1.0], np.diag([4.0, 4.0, 1.0]), seed=1)
    assert metrics.frechet_distance(x, y) == pytest.approx((1 + 4 + 4) + (1 + 0 + 4))
    turn = np.linalg.qr(normal(3, 5, size=3))[0]
    assert metrics.frechet_distance(x @ turn, y @ turn) == pytest.approx(14)


def test_the_frechet_distance_of_covariances_that_do_not_commute():
    """In two dimensions tr (C D)^1/2 = (tr C D + 2 (det C D)^1/2)^1/2."""
    c, d = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[1.0, -0.5], [-0.5, 2.0]])
    expected = np.trace(c) + np.trace(d) - 2 * math.sqrt(np.trace(c @ d) + 2 * math.sqrt(np.linalg.det(c @ d)))
    found = metrics.frechet_distance(with_moments([0, 0], c), with_moments([0, 0], d, seed=2))
    assert found == pytest.approx(expected)
    assert found == pytest.approx(metrics.frechet_distance(with_moments([0, 0], d), with_moments([0, 0], c)))


def test_a_set_is_at_no_distance_of_itself_and_a_collapsed_one_at_that_of_its_mean_and_variance(two_sets):
    x, _ = two_sets
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert metrics.kernel_distance(x, x).value == pytest.approx(0, abs=1e-9)
    collapsed = np.zeros((20, 4))
    y = with_moments([3.0, 0, 0, 0], np.eye(4))
    assert metrics.frechet_distance(collapsed, y) == pytest.approx(9 + 4)


def test_small_sets_of_one_distribution_seem_apart_and_endless_ones_do_not():
    """The bias falls as 1 over the size: halving the sets doubles it; the extrapolation has none."""
    by_size = {
        size: np.mean(
            [metrics.frechet_distance(normal(size, k, size=8), normal(size, k + 99, size=8)) for k in range(20)]
        )
        for size in (100, 200)
    }
    assert by_size[200] > 0.03
    assert by_size[100] / by_size[200] == pytest.approx(2, rel=0.15)
    endless = [
        metrics.frechet_distance_at_infinity(normal(200, k, size=8), normal(200, k + 99, size=8)) for k in range(20)
    ]
    assert abs(np.mean(endless)) < by_size[200] / 4


@pytest.mark.parametrize("size", [10, 11])
def test_the_smallest_sets_have_a_distance(size):
    assert np.isfinite(metrics.frechet_distance_at_infinity(normal(size, 1), normal(size, 2)))


def test_the_bootstrap_tells_how_far_the_frechet_distance_strays():
    """Over many sets of 300, of two normal distributions a distance of 1 apart."""
    sets = [(normal(300, k), normal(300, k + 500, mean=(1, 0, 0, 0))) for k in range(60)]
    strays = np.std([metrics.frechet_distance(*pair) for pair in sets])
    told = np.mean([metrics.frechet_distance_error(*pair) for pair in sets[:6]])
    assert told == pytest.approx(strays, rel=0.35)


# -------------------------------------------------------------------------------------------------- kernel distance


def kernel(x, y):
    return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3


def test_the_kernel_distance_is_that_of_its_definition():
    x, y = normal(12, 3, size=2), normal(12, 4, mean=0.5, size=2)
    pairs = [(i, j) for i in range(12) for j in range(12) if i != j]
    terms = [kernel(x[i], x[j]) + kernel(y[i], y[j]) - kernel(x[i], y[j]) - kernel(x[j], y[i]) for i, j in pairs]
    assert metrics.kernel_distance(x, y).value == pytest.approx(np.mean(terms))


def test_the_kernel_distance_of_two_distributions_whose_moments_are_known():
    """In one dimension (xy + 1)^3 sums 3 xy, 3 (xy)^2, (xy)^3: MMD^2 = 3 (Dm1)^2 + 3 (Dm2)^2 + (Dm3)^2, m of x^1..3.

    x is -1 or 1, y is 0 or 2: moments 0, 1, 0 and 1, 2, 4, so 3 + 3 + 16.
    """
    rng = np.random.default_rng(0)
    x, y = rng.choice([-1.0, 1.0], (1500, 1)), rng.choice([0.0, 2.0], (1500, 1))
    found = metrics.kernel_distance(x, y)
    assert abs(found.value - 22) < 3 * found.error
    assert found.error < 1.5


def test_the_kernel_distance_is_unbiased_and_its_error_is_how_far_it_strays():
    """Of small sets of one distribution it is 0 in the mean, where the Frechet distance is not."""
    found = [metrics.kernel_distance(normal(30, k), normal(30, k + 1000)) for k in range(300)]
    values = np.array([each.value for each in found])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(300)
    apart = [metrics.kernel_distance(normal(100, k), normal(100, k + 1000, mean=1)) for k in range(100)]
    strays = np.std([each.value for each in apart])
    assert np.mean([each.error for each in apart]) == pytest.approx(strays, rel=0.25)


# ----------------------------------------------------------------------------------------------------------- places


def test_the_same_vectors_lie_wholly_in_their_own_places(two_sets):
    x, _ = two_sets
    found = metrics.neighbourhood(x, x)
    assert found[:2] == (1, 1)
    assert found.coverage == 1
    assert found.density == pytest.approx(6 / 5)  # each ball of 5 neighbours holds its own middle, too


def test_sets_that_are_far_apart_have_nothing_in_common(two_sets):
    x, y = two_sets
    assert metrics.neighbourhood(x, y + 100) == (0, 0, 0, 0)


def test_sets_of_one_distribution_have_density_1_and_the_coverage_of_the_formula():
    """Coverage is 1 - (n - 1)...(n - k) / ((2n - 1)...(2n - k)), whatever the distribution (arXiv 2002.09797)."""
    n, k = 1000, 5
    expected = 1 - math.prod((n - i) / (2 * n - i) for i in range(1, k + 1))
    found = [metrics.neighbourhood(normal(n, s), normal(n, s + 50), k_density=k) for s in range(4)]
    assert np.mean([each.density for each in found]) == pytest.approx(1, abs=0.03)
    assert np.mean([each.coverage for each in found]) == pytest.approx(expected, abs=0.01)


def test_precision_and_recall_are_the_shares_that_two_intervals_have_in_common():
    """Sketches from 0 to 1, real drawings from 0.25 to 2.25: 3/4 of the former and 3/8 of the latter, less gaps."""
    rng = np.random.default_rng(3)
    found = metrics.neighbourhood(rng.uniform(0, 1, (3000, 1)), rng.uniform(0.25, 2.25, (3000, 1)))
    assert found.precision == pytest.approx(0.75, abs=0.03)
    assert found.recall == pytest.approx(0.375, abs=0.03)


def test_a_collapsed_model_is_precise_and_recalls_nothing(two_sets):
    y = two_sets[1]
    one = y[:1] + normal(500, 9, scale=1e-4)
    found = metrics.neighbourhood(one, y)
    assert found.precision == 1
    assert found.recall < 0.02
    assert found.coverage < 0.1
    assert metrics.diversity(one) < 0.01 * metrics.diversity(y)


@pytest.mark.parametrize("size", [2, 16])
def test_diversity_is_the_mean_distance_of_two_draws(size):
    """Of a standard normal: 2 G((d + 1) / 2) / G(d / 2)."""
    expected = 2 * math.gamma((size + 1) / 2) / math.gamma(size / 2)
    assert metrics.diversity(normal(3000, 4, size=size)) == pytest.approx(expected, rel=0.02)


def test_diversity_counts_each_pair_of_different_vectors_once():
    vectors = np.zeros((10, 2))
    vectors[0] = (3, 4)
    assert metrics.diversity(vectors) == pytest.approx(5 * 9 / 45)


def test_what_is_done_in_parts_is_what_is_done_at_once(monkeypatch, two_sets):
    x, y = two_sets
    pairs = (metrics.neighbourhood, metrics.retrieval, metrics.kernel_distance)
    whole = [metrics.diversity(x), copying(x, y, normal(50, 3)), *(measure(x, y) for measure in pairs)]
    monkeypatch.setattr(metrics, "_AT_ONCE", 1700)
    parts = [metrics.diversity(x), copying(x, y, normal(50, 3)), *(measure(x, y) for measure in pairs)]
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, rel=1e-9)


# --------------------------------------------------------------------------------------------------------- copying


def copying(sketches, training, held_out):
    return metrics.copying(*(metrics.distances_to(training, each) for each in (sketches, held_out)))


def test_new_drawings_are_no_copies_and_copies_are():
    training, held_out, new = normal(2000, 1), normal(1000, 2), normal(1000, 3)
    fresh = copying(new, training, held_out)
    assert fresh.near_copies == pytest.approx(0.05, abs=0.02)
    assert fresh.nearer == pytest.approx(0.5, abs=0.03)
    assert fresh.novelty == pytest.approx(1, abs=0.05)
    itself = copying(training[:500], training, held_out)
    assert itself == (1, 1, 0)
    jittered = copying(training[:500] + normal(500, 4, scale=0.01), training, held_out)
    assert jittered.near_copies > 0.95
    assert jittered.nearer > 0.95
    assert 0 < jittered.novelty < 0.1
    assert copying(new + 100, training, held_out)[:2] == (0, 0)


def test_float32_pixels_equal_to_a_training_drawing_s_are_at_distance_0():
    pixels = np.random.default_rng(0).random((400, 784)).astype("float32")
    places, distances = metrics.nearest(pixels[::7], pixels)
    assert (distances == 0).all()
    assert (places == np.arange(0, 400, 7)).all()
    assert (metrics.nearest(pixels[:100], pixels[100:])[1] > 5).all()


def test_copies_are_found_among_drawings_of_different_density():
    """Half of the drawings lie a hundred times as close together as the others."""
    scales = np.where(np.arange(3000) % 2, 1, 100)[:, None]
    drawings = normal(3000, 1) * scales
    training, held_out = drawings[:2000], drawings[2000:]
    copies = training[:500] + normal(500, 2) * scales[:500] * 0.01
    assert copying(copies, training, held_out).near_copies > 0.95


# -------------------------------------------------------------------------------------------------------- retrieval


def test_retrieval_finds_what_is_near_and_is_chance_where_nothing_is_told():
    gallery = normal(400, 1)
    assert metrics.retrieval(gallery, gallery) == {1: 1.0, 10: 1.0}
    assert metrics.retrieval(gallery + normal(400, 2, scale=1e-3), gallery)[1] > 0.99
    blind = metrics.retrieval(normal(400, 3), gallery)
    assert blind[1] == pytest.approx(1 / 400, abs=0.01)
    assert blind[10] == pytest.approx(10 / 400, abs=0.025)
    assert metrics.retrieval(np.zeros((400, 4)), np.zeros((400, 4))) == {1: 0.0, 10: 0.0}


def test_retrieval_of_one_place_off():
    gallery = np.arange(20.0)[:, None]
    assert metrics.retrieval(gallery + 0.6, gallery) == {1: 1 / 20, 10: 1.0}


# ---------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("wrong", [np.zeros((9, 4)), np.zeros(50), np.full((50, 4), np.nan)])
@pytest.mark.parametrize("measure", [metrics.frechet_distance, metrics.kernel_distance, metrics.neighbourhood])
def test_too_few_vectors_or_none_are_refused(measure, wrong, two_sets):
    with pytest.raises(InputError, match="sketches: expected at least 10 vectors of finite numbers, received shape"):
        measure(wrong, two_sets[0])


def test_more_neighbours_than_there_are_are_refused(two_sets):
    with pytest.raises(InputError, match="k: expected a whole number from 1 to 9, received 10"):
        metrics.neighbourhood(two_sets[0][:10], two_sets[1], k=10)


def test_retrieval_takes_pairs(two_sets):
    with pytest.raises(InputError, match="queries: expected one for each of 500 originals, received 20"):
        metrics.retrieval(two_sets[0][:20], two_sets[1])
