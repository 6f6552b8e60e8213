"""Documents with the very same shingles: found at once, compared with others only once. Loads NumPy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.similarity import kernels
from curator.similarity.sets import Sets

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Twins:
    """Documents in groups of the same shingles.

    `copies` is 1 for documents that need no comparison of their own: later ones of a group, and those without shingles.
    The group of a first document d is members[starts[d] : starts[d] + sizes[d]], ascending; sizes[d] is 0 for copies.
    """

    copies: NDArray[np.uint8]
    members: Numbers
    starts: Numbers
    sizes: Numbers

    def count(self) -> int:
        """How many pairs there are within groups."""
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    def count_between(self, a: Numbers, b: Numbers) -> int:
        """How many pairs of documents the pairs of first documents stand for."""
        return int((self.sizes[a] * self.sizes[b]).sum())

    def pairs(self) -> tuple[Numbers, Numbers]:
        """All pairs within groups."""
        sizes = self.sizes[self.sizes > 1]
        members = self.members[np.repeat(self.sizes, self.sizes) > 1]
        place = np.arange(len(members)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        partners = np.repeat(sizes, sizes) - 1 - place  # those behind it in its group
        row = np.repeat(np.arange(len(members)), partners)
        step = np.arange(len(row)) - np.repeat(np.cumsum(partners) - partners, partners)
        return members[row], members[row + 1 + step]

    def between(self, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """For pairs of first documents all pairs of one from each group, and which of the given pairs it comes from."""
        counts = self.sizes[a] * self.sizes[b]
        row = np.repeat(np.arange(len(a)), counts)
        step = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        across = self.sizes[b][row]
        left = self.members[self.starts[a][row] + step // across]
        return left, self.members[self.starts[b][row] + step % across], row


def found(whole: Sets) -> Twins:
    """The groups of all documents."""
    sizes, sums = whole.sizes, _sums(whole)
    order = np.lexsort((sizes, sums))  # stable: equal ones stay in their order
    new = np.ones(len(order), bool)
    new[1:] = (sums[order][1:] != sums[order][:-1]) | (sizes[order][1:] != sizes[order][:-1])
    first = np.empty(len(order), np.int64)
    first[order] = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    copies = np.flatnonzero((first != np.arange(len(first))) & (sizes > 0))
    same = kernels.shared(whole.hashes, whole.starts, first[copies], copies) == sizes[copies]
    first[copies[~same]] = copies[~same]  # the same sum by chance: no copy, after all
    return of_firsts(first, sizes)


def of_firsts(first: Numbers, sizes: Numbers) -> Twins:
    """The groups, from the first document of each document's group, and how many shingles each has."""
    group_sizes = np.bincount(first[sizes > 0], minlength=len(first)).astype(np.int64)
    return Twins(
        ((first != np.arange(len(first))) | (sizes == 0)).astype(np.uint8),
        np.argsort(np.where(sizes > 0, first, len(first)), kind="stable")[: np.count_nonzero(sizes)],
        np.cumsum(group_sizes) - group_sizes,
        group_sizes,
    )


def _sums(whole: Sets) -> NDArray[np.uint64]:
    """The sum of each set's hashes: the same for the same set."""
    sums = np.zeros(len(whole), np.uint64)
    some = np.flatnonzero(whole.sizes)  # reduceat cannot do empty ones
    if len(some):
        sums[some] = np.add.reduceat(whole.hashes, whole.starts[some])
    return sums
