"""A live index of the corpus: which examples is this draft near to?

Jaccard says whether two whole texts are alike; containment says how much of a short draft already stands elsewhere.
Candidates come from an inverted index of shingles, so the answer is exact. Plain Python, for corpora of thousands.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from curator import shingles
from curator.example import Example

# A draft with fewer shingles than this says too little to be compared.
FEWEST_SHINGLES = 8


@dataclass(frozen=True)
class Neighbour:
    """An example near to the draft. `shared` are the shingles both have, in alphabetical order."""

    path: str
    similarity: float
    containment: float
    shared: tuple[str, ...]


class NearIndex:
    """Shingles of the corpus, kept by path and by shingle."""

    def __init__(self, examples: Iterable[Example] = ()) -> None:
        self._by_path: dict[str, frozenset[str]] = {}
        self._paths_with: dict[str, set[str]] = defaultdict(set)
        for example in examples:
            self.put(example.path, shingles.example_text(example))

    def put(self, path: str, text: str) -> None:
        """Add a document, or replace the one of that path."""
        self.drop(path)
        self._by_path[path] = shingles.of(text)
        for shingle in self._by_path[path]:
            self._paths_with[shingle].add(path)

    def drop(self, path: str) -> None:
        """Forget a document; nothing happens if it is not there."""
        for shingle in self._by_path.pop(path, frozenset()):
            holders = self._paths_with[shingle]
            holders.discard(path)
            if not holders:
                del self._paths_with[shingle]

    def query(self, text: str, limit: int = 5, without: str = "") -> list[Neighbour]:
        """The nearest documents, best first, at most `limit`; `without` is the path of the draft itself."""
        draft = shingles.of(text)
        if len(draft) < FEWEST_SHINGLES:
            return []
        common = Counter(path for s in draft for path in self._paths_with.get(s, ()) if path != without)
        near = [self._neighbour(path, draft) for path in common]
        near.sort(key=lambda n: (-max(n.similarity, n.containment), -n.similarity, n.path))
        return near[:limit]

    def _neighbour(self, path: str, draft: frozenset[str]) -> Neighbour:
        other = self._by_path[path]
        return Neighbour(
            path, shingles.jaccard(draft, other), shingles.containment(draft, other), tuple(sorted(draft & other))
        )
