"""What a measured share is worth: intervals, paired tests, and what a number of cases can show at all.

Plain Python on plain numbers: no SciPy, so the evaluator needs none. Each function names its source; the tests compare
them with published or exactly computed values.

Try: python -c "from trainer.evaluation.statistics import wilson; print(wilson(70, 100))"
"""

import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist

ALPHA = 0.05
Z = NormalDist().inv_cdf(1 - ALPHA / 2)  # 1.96, two-sided 95 %
POWER = 0.8
RESAMPLES = 10_000


@dataclass(frozen=True)
class Share:
    """`count` of `n`, with the Wilson 95 % interval. `value` is None where n is 0: nothing was measured."""

    count: int
    n: int
    value: float | None
    low: float
    high: float


def share(count: int, n: int) -> Share:
    """A share with its interval; for n = 0 the interval is 0 to 1."""
    low, high = wilson(count, n)
    return Share(count, n, count / n if n else None, low, high)


def wilson(count: int, n: int, z: float = Z) -> tuple[float, float]:
    """The Wilson score interval of count/n (E. B. Wilson 1927), 95 % by default.

    Unlike p ± z·sqrt(p(1-p)/n) it stays within 0 and 1 and is honest at 0 of n; recommended for small n by Brown, Cai
    and DasGupta, Statistical Science 16 (2001) 101-133.
    """
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    if n == 0:
        return 0.0, 1.0
    p = count / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # at the ends the formula is exactly 0 or 1; rounding must not say otherwise
    return (0.0 if count == 0 else centre - half), (1.0 if count == n else centre + half)


@dataclass(frozen=True)
class Paired:
    """Two arms on the same cases: how often both, only the first, only the second, or neither succeeded."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def discordant(self) -> int:
        return self.only_first + self.only_second

    @property
    def difference(self) -> float:
        """Second minus first, as a share of all pairs; 0 for no pairs."""
        return (self.only_second - self.only_first) / self.n if self.n else 0.0


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """The four-field table of two arms; `first[i]` and `second[i]` are the same case."""
    pairs = list(zip(first, second, strict=True))
    return Paired(
        both=pairs.count((True, True)),
        only_first=pairs.count((True, False)),
        only_second=pairs.count((False, True)),
        neither=pairs.count((False, False)),
    )


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p of the exact McNemar test (McNemar 1947): if both arms were equally good, each discordant case would
    fall to either side like a coin. p = min(1, 2·P[Bin(b+c, 1/2) <= min(b, c)]).
    """
    n = only_first + only_second
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    # integers of any size divide exactly; tail / 2**n would overflow a float beyond 1023 cases
    return min(1.0, 2 * tail / 2**n) if n < 1000 else min(1.0, (2 * tail * 10**18 // 2**n) / 10**18)


def significant_split(discordant: int, alpha: float = ALPHA) -> int | None:
    """The smaller majority among `discordant` cases that the exact test calls significant: of 20 it takes 15.
    None if not even all of them would do (fewer than six).
    """
    for majority in range((discordant + 1) // 2, discordant + 1):
        if mcnemar_exact(discordant - majority, majority) <= alpha:
            return majority
    return None


def detectable_difference(n: int, discordant_share: float, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The true difference between two arms that n paired cases find with probability `power`, if the arms disagree on
    `discordant_share` of the cases; None if no difference up to that share is found so often.

    Solves n = (z_a·sqrt(psi) + z_b·sqrt(psi - d²))² / d² for d (Connor, Biometrics 43 (1987) 207-211). A normal
    approximation: an orientation, not a promise.
    """
    psi = discordant_share
    if n <= 0 or psi <= 0:
        return None
    z_a, z_b = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)

    def needed(d: float) -> float:  # falls as d grows
        return (z_a * sqrt(psi) + z_b * sqrt(max(psi - d * d, 0.0))) ** 2 / (d * d)

    if needed(psi) > n:
        return None
    low, high = 0.0, psi
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if needed(middle) > n else (low, middle)
    return high


def bootstrap_difference(
    first: Sequence[bool],
    second: Sequence[bool],
    clusters: Sequence[Hashable] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """95 % percentile interval of (second - first) by the paired bootstrap: whole cases are drawn again, both arms
    together; with `clusters`, whole clusters of near-duplicate cases (Miller, arXiv 2411.00640). (0, 0) for no cases.
    """
    groups: dict[Hashable, tuple[int, int]] = {}  # cluster -> (sum of differences, cases)
    for at, (a, b) in enumerate(zip(first, second, strict=True)):
        key = at if clusters is None else clusters[at]
        total, cases = groups.get(key, (0, 0))
        groups[key] = (total + int(b) - int(a), cases + 1)
    drawn = list(groups.values())
    if not drawn:
        return 0.0, 0.0
    source = random.Random(seed)  # an own source: the same cases always give the same interval
    differences = []
    for _ in range(resamples):
        sample = source.choices(drawn, k=len(drawn))
        differences.append(sum(total for total, _ in sample) / sum(cases for _, cases in sample))
    differences.sort()
    return differences[int(ALPHA / 2 * resamples)], differences[int((1 - ALPHA / 2) * resamples) - 1]


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for asking several questions at once (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, at in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = running
    return adjusted
