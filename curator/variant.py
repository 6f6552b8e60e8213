"""A near-duplicate that is wanted: the example says whose variant it is, and why.

`variant_of` and `variant_note` stand in the front matter, so that the reason is reviewed and merged with the text.
A wanted pair is no finding (W901) and nothing `curator dedupe` would remove; the two still share a cluster, so that
neither leaks from the training set into the test set.
"""

from collections.abc import Iterable, Mapping

from curator.chatml import example_id
from curator.example import Example, as_words, parse, with_meta

OF, NOTE = "variant_of", "variant_note"


def originals(meta: Mapping[str, object]) -> frozenset[str]:
    """The ids (`topic/name`) that front matter names as originals."""
    return frozenset(as_words(meta.get(OF)))


def is_wanted(a: Example, b: Example) -> bool:
    """True if one of the two says that it is a variant of the other."""
    return example_id(b.path) in originals(a.meta) or example_id(a.path) in originals(b.meta)


def wanted_pairs(pairs: Iterable[tuple[str, str]], examples: Mapping[str, Example]) -> set[tuple[str, str]]:
    """Of pairs of keys those that are wanted, the smaller key first; `examples` are by key, and need not be all."""
    found = set()
    for a, b in pairs:
        first, second = examples.get(a), examples.get(b)
        if first is not None and second is not None and is_wanted(first, second):
            found.add((min(a, b), max(a, b)))
    return found


def as_variant(example: Example, of: str, note: str) -> str:
    """The text of the example as a variant of the one with the id `of`, beside those it already names."""
    others = [word for word in as_words(example.meta.get(OF)) if word != of]
    example = parse(with_meta(example, OF, [*others, of] if others else of), example.path)
    return with_meta(example, NOTE, " ".join(note.split()) or None)


def not_variant(example: Example, of: str) -> str:
    """The text without that original; the note goes with the last one."""
    others = [word for word in as_words(example.meta.get(OF)) if word != of]
    value: object = None if not others else others[0] if len(others) == 1 else others
    example = parse(with_meta(example, OF, value), example.path)
    return example.text if others else with_meta(example, NOTE, None)
