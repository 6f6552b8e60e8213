"""Candidates for near-duplicates by datasketch's MinHash LSH. NumPy and datasketch are loaded here and nowhere else."""

from collections.abc import Mapping, Sequence

PERMUTATIONS = 128
# 32 bands of 4 rows: a pair with Jaccard 0.5 is a candidate with probability 1-(1-0.5^4)^32 = 0.87, one with 0.7
# with 0.9998. Candidates are verified exactly, so generous banding costs time, never precision.
BANDS, ROWS = 32, 4


def candidates(documents: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """Pairs of keys whose signatures share a band, each once, in order of the keys. Empty sets pair with none."""
    index = Lsh()
    found = []
    for key in sorted(documents):
        if documents[key]:
            found += [(other, key) for other in index.query(documents[key])]
            index.insert(key, documents[key])
    return sorted(found)


class Lsh:
    """A datasketch MinHashLSH with our banding: insert sets of shingles, ask for keys that may be similar."""

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))

    def insert(self, key: str, shingles: frozenset[str]) -> None:
        """Add a document."""
        self._index.insert(key, _signature(shingles))

    def remove(self, key: str) -> None:
        """Forget a document; nothing happens if it is not there."""
        if key in self._index:
            self._index.remove(key)

    def query(self, shingles: frozenset[str]) -> Sequence[str]:
        """Keys that share a band with `shingles`, sorted."""
        return sorted(self._index.query(_signature(shingles)))


def _signature(shingles: frozenset[str]):  # type: ignore[no-untyped-def]
    from datasketch import MinHash

    signature = MinHash(num_perm=PERMUTATIONS, seed=1)
    signature.update_batch([shingle.encode() for shingle in sorted(shingles)])
    return signature
