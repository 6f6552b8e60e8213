"""How far generation detection agrees with the labels of the shipped examples.

It prints a table (label against what the code shows), the share that agrees, and every example that does not, with the
evidence. An example agrees if the newest generation that its code needs is in its label; code without any evidence
agrees with `all`. Code that shows nothing specific under a specific label is counted apart: it may well be right.
Run: `python tests/bench/generation.py [training-data]`
"""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from curator.bbj.generation import contradictions, detect, generations
from curator.example import parse


def main(root: Path) -> None:
    table: Counter[tuple[str, str]] = Counter()
    kinds: Counter[str] = Counter()
    diagnostics: Counter[str] = Counter()
    other: list[str] = []
    for path in sorted(root.rglob("*.md")):
        example = parse(path.read_text(encoding="utf-8"), str(path.relative_to(root)))
        labels = example.generations
        blocks = [block for block in example.bbj_blocks if not block.part.casefold().startswith("before")]
        if example.type == "migration" and example.meta.get("to_generation"):
            to = example.meta["to_generation"]
            labels = tuple(to) if isinstance(to, list) else (str(to),)
        evidence = [item for block in blocks for item in detect(block.text)]
        needed = generations(evidence)
        table[" + ".join(labels), needed[0] if needed else "nothing"] += 1
        kind = "agrees" if (needed and needed[0] in labels) or (not needed and "all" in labels) else "differs"
        kinds["shows nothing" if kind == "differs" and not needed else kind] += 1
        diagnostics.update(d.code for d in contradictions(labels, evidence))
        if kind == "differs":
            shown = ", ".join(f"{e.construct} ({e.line})" for e in evidence if e.generation in needed)
            other.append(f"  {path.relative_to(root)}: label {' + '.join(labels)}, code {needed or 'nothing'}: {shown}")
    print(f"{'label':24}{'code shows':14}{'examples':>8}")
    for (label, shown), count in sorted(table.items()):
        print(f"{label:24}{shown:14}{count:8}")
    total = sum(kinds.values())
    print("\n" + ", ".join(f"{kind} {count} ({count / total:.1%})" for kind, count in kinds.most_common()))
    print("diagnostics:", dict(diagnostics) or "none", "\n")
    print("\n".join(other))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "training-data")
