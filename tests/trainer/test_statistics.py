"""The statistics against published and exactly computed values."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.statistics import (
    Paired,
    bootstrap_difference,
    detectable_difference,
    holm,
    mcnemar_exact,
    paired,
    share,
    significant_split,
    wilson,
)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # 70 % at other sizes
        (35, 50, 0.5625, 0.8090),
        (70, 100, 0.6042, 0.7811),
        (700, 1000, 0.6709, 0.7276),
        (0, 40, 0.0, 0.0876),
        (40, 40, 0.9124, 1.0),
    ],
)
def test_the_wilson_interval_has_its_published_values(count: int, n: int, low: float, high: float) -> None:
    assert wilson(count, n) == pytest.approx((low, high), abs=5e-5)


def test_nothing_measured_is_no_share_and_says_nothing() -> None:
    nothing = share(0, 0)
    assert (nothing.value, nothing.low, nothing.high) == (None, 0.0, 1.0)


def test_more_successes_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


@given(st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_its_share_and_mirrors(pair: tuple[int, int]) -> None:
    count, n = pair
    low, high = wilson(count, n)
    assert 0 <= low <= (count / n if n else 0.5) <= high <= 1
    mirrored = wilson(n - count, n)
    assert mirrored == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        # SciPy 1.17: binomtest(b, b + c).pvalue
        (0, 0, 1.0),
        (0, 5, 2 / 32),
        (0, 6, 2 / 64),
        (1, 7, 2 * (1 + 8) / 256),
        (5, 5, 1.0),
        (5, 15, 0.041389465),  # 2 * sum_{k<=5} C(20, k) / 2^20 = 43400 / 1048576
        (6, 14, 0.115318298),
        (21, 39, 0.027340134),
    ],
)
def test_mcnemar_is_the_exact_binomial_test(b: int, c: int, p: float) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(p, abs=1e-8)
    assert mcnemar_exact(c, b) == mcnemar_exact(b, c)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_agrees_with_fractions(b: int, c: int) -> None:
    tail = sum(Fraction(comb(b + c, k), 2 ** (b + c)) for k in range(min(b, c) + 1))
    assert mcnemar_exact(b, c) == pytest.approx(float(min(Fraction(1), 2 * tail)))


def test_mcnemar_does_not_overflow_on_thousands_of_cases() -> None:
    assert mcnemar_exact(1200, 1200) == 1.0
    assert 0 <= mcnemar_exact(0, 5000) < 1e-15


def test_the_known_splits_are_the_smallest_significant_ones() -> None:
    assert [significant_split(n) for n in (20, 40, 60)] == [15, 27, 39]
    assert [significant_split(n) for n in (0, 5, 6)] == [None, None, 6]


def test_the_detectable_difference_solves_connors_formula() -> None:
    # Connor's n for psi = 0.3, d = 0.15: (1.95996*sqrt(.3) + .84162*sqrt(.2775))^2 / .0225 = 102.3
    assert detectable_difference(102, 0.3) == pytest.approx(0.15, abs=0.001)
    assert detectable_difference(100, 0.0) is None
    assert detectable_difference(4, 0.5) is None


@given(st.integers(10, 400), st.floats(0.1, 1.0))
def test_more_cases_detect_smaller_differences(n: int, psi: float) -> None:
    few, many = detectable_difference(n, psi), detectable_difference(4 * n, psi)
    if few is not None:
        assert many is not None
        assert many < few <= psi


def test_the_four_field_table_counts_each_pair_once() -> None:
    table = paired([True, True, False, False, False], [True, False, True, True, False])
    assert table == Paired(both=1, only_first=1, only_second=2, neither=1)
    assert (table.n, table.discordant, table.difference) == (5, 3, 0.2)


def test_arms_of_different_length_are_no_pairs() -> None:
    with pytest.raises(ValueError):
        paired([True], [True, False])


def test_the_bootstrap_is_repeatable_and_near_the_normal_interval() -> None:
    first, second = [False] * 100, [True] * 60 + [False] * 40
    low, high = bootstrap_difference(first, second)
    assert (low, high) == bootstrap_difference(first, second)
    assert low == pytest.approx(0.60 - 1.96 * (0.6 * 0.4 / 100) ** 0.5, abs=0.015)
    assert high == pytest.approx(0.60 + 1.96 * (0.6 * 0.4 / 100) ** 0.5, abs=0.015)


def test_the_bootstrap_of_equal_arms_is_zero_wide() -> None:
    arm = [True, False, True]
    assert bootstrap_difference(arm, arm, resamples=200) == (0.0, 0.0)
    assert bootstrap_difference([], []) == (0.0, 0.0)


def test_clusters_of_repeated_cases_widen_the_interval() -> None:
    first, second = [False] * 80, ([True] * 4 + [False] * 4) * 10
    alone = bootstrap_difference(first, second, resamples=2000)
    grouped = bootstrap_difference(first, second, clusters=[i // 4 for i in range(80)], resamples=2000)
    assert grouped[1] - grouped[0] > 1.5 * (alone[1] - alone[0])


def test_holm_multiplies_the_smallest_p_most() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []
