"""Which examples is this draft near to: what an answer is.

Jaccard says whether two whole texts are alike; containment says how much of a short draft already stands elsewhere.
The index that gives the answers is in index.py, and over a corpus folder in corpus.py; this module loads no
NumPy, so that screens can show answers before the index is open.
"""

from dataclasses import dataclass

# From this Jaccard on two documents teach the same thing: the default threshold of every command.
NEAR = 0.7

# Below this containment two programs share a FOR loop or an error branch, which says nothing.
AT_LEAST = 0.1

# A draft with fewer shingles than this says too little to be compared.
FEWEST_SHINGLES = 8


@dataclass(frozen=True)
class Neighbour:
    """A document near to the draft. What both have in common is found in their texts: `passage.longest`.

    Attributes:
        path: which document.
        similarity: Jaccard of both, 0 to 1.
        containment: the share of the draft that stands in the document, 0 to 1.
    """

    path: str
    similarity: float
    containment: float

    def rank(self, strong: float = NEAR) -> tuple[bool, float, float, str]:
        """The order of answers: near-duplicates by similarity, then the others by containment, then by path."""
        near = self.similarity >= strong
        first, second = (self.similarity, self.containment) if near else (self.containment, self.similarity)
        return not near, -first, -second, self.path
