"""A corpus of many made-up examples for the benches: every program is built from paragraphs with words of its own.

    python -m tests.bench.many_examples FOLDER [--examples 10000] [--seed 0]

Ten in a hundred are near-duplicates of the one before, two in a hundred hold a mistake. The same seed gives the same
files.
"""

import argparse
import random
import re
from pathlib import Path

from curator.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES

_WORDS = re.findall(
    r"\w+",
    "account amount basket batch beacon branch bucket budget cargo carrier client column contract counter cursor depot "
    "desk device draft driver engine entry field filter folder frame harbor index invoice item journal ledger letter "
    "limit margin market matter meter module number offer office order packet panel parcel partner patch payment "
    "period planet pocket policy portal price printer product profile quota record region report route sample score "
    "season sector sensor series shelf signal sketch source stage status stock stream supply switch symbol target "
    "tariff task ticket token total track trade tray truck unit user value vendor volume wagon window worker yield",
)

_PARAGRAPHS = (
    '{a} = {n}\nfor {b} = 1 to {m}\n    {a} = {a} + {b}*{n}\nnext {b}\nprint "{A}:", {a}\n',
    '{a}$ = "{A} {n}"\nif len({a}$) > {m} then print "long {b}:", {a}$ else print "short {b}:", {a}$\n',
    '{a} = {m}\nwhile {a} > 0\n    print "{B} {n}", {a}\n    {a} = {a} - {n}\nwend\n',
    'dim {a}[{m}]\nfor {b} = 0 to {m}\n    {a}[{b}] = {b} * {n}\nnext {b}\nprint "{A} {B}", {a}[{m}]\n',
    '{a}$ = "{A},{B},{n}"\n{b} = pos("," = {a}$)\nprint {a}$(1, {b}), {n}\n',
    '{a} = mod({n}, {m}) + {m}\nswitch {a}\n    case {m}; print "{A}"; break\n'
    '    case default; print "{B} {n}"; break\nswend\n',
)


def main() -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    make(given.folder, given.examples, given.seed)


def make(folder: Path, count: int, seed: int = 0) -> None:
    """Write `count` examples below `folder`/training-data."""
    chance = random.Random(seed)
    code = ""
    for number in range(count):
        if not code or chance.random() >= 0.1:
            code = program(chance)
        elif chance.random() < 0.5:
            code += f'print "once more {number}"\n'
        broken = chance.random() < 0.02
        topic, kind = chance.choice(TOPICS), chance.choice([t for t in TYPES if t != "migration"])
        title = f"{chance.choice(_WORDS).title()} {chance.choice(_WORDS)} {chance.choice(_WORDS)}"
        path = folder / "training-data" / topic / f"{title.lower().replace(' ', '-')}-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"---\ntitle: {title} {number}\ntype: {kind}\ngeneration: {chance.choice(GENERATIONS)}\n"
            f"difficulty: {chance.choice(DIFFICULTIES)}\ndescription: Print what becomes of each {title.lower()}.\n"
            f"tags: [{chance.choice(_WORDS)}, {chance.choice(_WORDS)}]\n---\n\n## Code\n\n```bbj\nrem {title}\n{code}"
            f"{'count++' if broken else 'end'}\n```\n\n## Expected Output\n\n{title}\n\n## Explanation\n\n"
            f"{' '.join(chance.choices(_WORDS, k=60))}.\n",
            "utf-8",
        )


def program(chance: random.Random) -> str:
    """A program of five to nine paragraphs."""
    said = []
    for paragraph in chance.choices(_PARAGRAPHS, k=chance.randint(5, 9)):
        a, b = chance.sample(_WORDS, 2)
        n, m = chance.randint(2, 9999), chance.randint(2, 99)
        said.append(paragraph.format(a=f"{a}_{n}", b=f"{b}_{m}", A=a.title(), B=b.title(), n=n, m=m))
    return "".join(said)


if __name__ == "__main__":
    main()
