"""How severities look in words and signs, the same in every list, table and gutter. No Textual here."""

from collections import Counter
from collections.abc import Sequence

from curator.diagnostic import Diagnostic, Severity

# A sign for each severity: colour is never the only difference.
SIGNS = {Severity.ERROR: "●", Severity.WARNING: "▲", Severity.HINT: "·"}


def counted(diagnostics: Sequence[Diagnostic]) -> str:
    """Such as "● 2 errors, ▲ 1 warning"; "no problems" for none."""
    counts = Counter(d.severity for d in diagnostics)
    said = [f"{SIGNS[s]} {counts[s]} {s}{'s' * (counts[s] > 1)}" for s in SIGNS if counts[s]]
    return ", ".join(said) or "✓ no problems"


def short(diagnostics: Sequence[Diagnostic]) -> str:
    """Such as "●2 ▲1"; "✓" for none."""
    counts = Counter(d.severity for d in diagnostics)
    return " ".join(f"{SIGNS[s]}{counts[s]}" for s in SIGNS if counts[s]) or "✓"
