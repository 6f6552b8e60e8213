"""The documents of `dedupe.py`, and the answers they must give. Seeded: the same numbers give the same documents.

Needs NumPy; knows nothing of the project, so that other tools' environments can use it and it can judge the project.
"""

import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

WORDS = 40_000
TOKENS = (120, 262)  # in a document; 190 on average, so 185 shingles
COPIES = 0.2
# An original can be copied while this many newer ones have come.
_RECENT = 20_000
_TOKEN = re.compile(r"\w+")


def synthetic(count: int, seed: int = 20) -> Iterator[str]:
    """Programs of made-up words, frequent and rare ones, some lines common to many; every fifth document is a copy of
    an earlier one with one of five kinds of edits, of which a third go too far for a near-duplicate at 0.7."""
    return (text for text, _ in planted(count, seed))


def planted(count: int, seed: int = 20) -> Iterator[tuple[str, int]]:
    """The same, each with the number of the document it is a copy of, -1 if it is none."""
    rng = np.random.default_rng(seed)
    words = _words(rng)
    lines = [_numbers(rng, int(n)) for n in rng.integers(6, 13, 2_000)]
    recent: list[tuple[np.ndarray, int]] = []
    for number in range(count):
        origin = -1
        if recent and rng.random() < COPIES:
            original, origin = recent[int(rng.integers(len(recent)))]
            made = _edited(rng, original)
        else:
            made = _numbers(rng, int(rng.integers(*TOKENS)))
            if rng.random() < 0.5:  # a line or two that others have too, the first ones of the list most often
                for _ in range(2):
                    line = lines[int(len(lines) * rng.random() ** 3)]
                    at = int(rng.integers(len(made) - len(line)))
                    made[at : at + len(line)] = line
            if len(recent) < _RECENT:
                recent.append((made, number))
            else:
                recent[number % _RECENT] = made, number
        yield "".join(map(words.__getitem__, made.tolist())), origin


def _words(rng: np.random.Generator) -> list[str]:
    """Words with what stands behind them in a program."""
    letters = "etaoinshrdlucmfwypvbgk_"
    ends = ["$ = ", "! = ", " = ", "(", "), ", ", ", "$, ", " ", " ", ".", "\n", "\n    ", '"\n']
    lengths, places = rng.integers(2, 11, WORDS), rng.integers(0, len(ends), WORDS)
    made = []
    for length, end in zip(lengths.tolist(), places.tolist(), strict=True):
        word = "".join(letters[i] for i in rng.integers(0, len(letters), length).tolist())
        made.append((word.capitalize() if length % 3 == 0 else word) + ends[end])
    return made


def _numbers(rng: np.random.Generator, length: int) -> np.ndarray:
    return (WORDS * rng.random(length) ** 3).astype(np.int32)


def _edited(rng: np.random.Generator, original: np.ndarray) -> np.ndarray:
    made = original.copy()
    length = len(made)
    kind, strength = int(rng.integers(5)), rng.random()
    if kind == 0:  # some words are others: each spoils five shingles
        made[rng.integers(0, length, 1 + int(length * 0.09 * strength))] = _numbers(rng, 1)
    elif kind == 1:  # a passage is gone
        size = int(length * 0.6 * strength)
        at = int(rng.integers(length - size))
        made = np.delete(made, slice(at, at + size))
    elif kind == 2:  # passages come in
        for _ in range(2):
            made = np.insert(made, int(rng.integers(len(made))), _numbers(rng, 1 + int(length * 0.4 * strength)))
    elif kind == 3:  # one word has another name everywhere
        made[made == made[int(rng.integers(length))]] = int(rng.integers(WORDS))
    else:  # two halves change places, and the end is new
        at = int(rng.integers(length))
        made = np.concatenate((made[at:], made[:at]))
        made[length - int(length * 0.6 * strength) :] = _numbers(rng, 1)
    return made


def windows(folder: Path, count: int, seed: int = 20) -> Iterator[str]:
    """Passages of 15 to 60 lines of the BBj files below a folder; every fifth is a copy of an earlier one, edited."""
    rng = random.Random(seed)
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".bbj", ".bbjt", ".src"})
    sources = [lines for p in files if len(lines := p.read_text("utf-8", "replace").splitlines()) >= 15]
    weights = [len(lines) for lines in sources]
    made: list[list[str]] = []
    for _ in range(count):
        if made and rng.random() < COPIES:
            lines = list(rng.choice(made))
            for _ in range(rng.randrange(1, 6)):
                at = rng.randrange(len(lines))
                kind = rng.randrange(4)
                if kind == 0:
                    lines.insert(at, f"rem changed {rng.randrange(1000)}")
                elif kind == 1 and len(lines) > 5:
                    del lines[at]
                elif kind == 2:
                    lines[at] = re.sub(r"[A-Za-z]+", lambda m: m.group() + "x", lines[at], count=1)
                else:
                    lines.insert(at, rng.choice(lines))
        else:
            source = rng.choices(sources, weights)[0]
            size = rng.randrange(15, 61)
            at = rng.randrange(max(1, len(source) - size))
            lines = source[at : at + size]
        made.append(lines)
        yield "\n".join(lines)


def write(path: Path, texts: Iterable[str]) -> None:
    """One UTF-8 file, a zero byte behind each text. It reads fast, so that tools are measured and not JSON."""
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(text + "\0" for text in texts)


def read(path: Path) -> Iterator[str]:
    """The texts, one after the other: what every tool is measured with."""
    rest = ""
    with path.open(encoding="utf-8", newline="") as file:
        while block := file.read(1 << 18):  # of larger blocks every page would be new memory
            whole = block.split("\0")
            whole[0] = rest + whole[0]
            rest = whole.pop()
            yield from whole


def write_rows(path: Path, texts: Iterable[str]) -> None:
    """One JSON row for each text, for the tool that reads nothing else."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps({"text": text}) + "\n" for text in texts)


def shingles(text: str) -> set[str]:
    """The definition: every run of five lower-case tokens."""
    words = _TOKEN.findall(text.lower())
    return {" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))} if words else set()


def brute_force(texts: Iterable[str], threshold: float) -> dict[tuple[int, int], float]:
    """Every pair, by comparing every pair of sets of strings."""
    sets = [frozenset(shingles(text)) for text in texts]
    found = {}
    for j, b in enumerate(sets):
        for i, a in enumerate(sets[:j]):
            common = len(a & b)
            if common and common / (len(a) + len(b) - common) >= threshold:
                found[i, j] = common / (len(a) + len(b) - common)
    return found


def every_pair(texts: Iterable[str], threshold: float) -> dict[tuple[int, int], float]:
    """The same by a prefix join in plain Python over numbered strings, without a hash that could collide."""
    numbers: dict[str, int] = {}
    sets = [frozenset(numbers.setdefault(s, len(numbers)) for s in shingles(text)) for text in texts]
    seen = [0] * len(numbers)
    numbers.clear()
    for one in sets:
        for value in one:
            seen[value] += 1
    holders: dict[int, list[int]] = defaultdict(list)
    found = {}
    for this in sorted(range(len(sets)), key=lambda i: len(sets[i])):
        mine = sets[this]
        if not mine:
            continue
        least = math.ceil(threshold * len(mine) - 1e-9)
        tried = set()
        for value in sorted(mine, key=lambda v: (seen[v], v))[: len(mine) - least + 1]:
            if seen[value] < 2:
                continue
            for other in holders[value]:
                if other in tried or len(sets[other]) < least:
                    continue
                tried.add(other)
                common = len(mine & sets[other])
                similarity = common / (len(mine) + len(sets[other]) - common)
                if similarity >= threshold:
                    found[min(this, other), max(this, other)] = similarity
            holders[value].append(this)
    return found
