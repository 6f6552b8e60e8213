"""How fast the live index answers, what it costs to build and to keep, and whether it is right.

    python tests/bench/live_index.py [--sizes 1000 10000 100000] [--real FOLDER] [--peer 100000]
        [--keep FOLDER] [--corpus FOLDER] [--verify 10]

Documents are those of dedupe_data.py, seeded; --real takes windows of the BBj files below a folder instead. Times are
of one thread; where the machine is shared, the processor's time says what the work costs. A query begins with the text
of the draft and ends with the answers. The answers to --verify drafts of each kind are compared with those of brute
force: of every document the shingles as strings, counted against the draft's. The first query is asked in a new
process, once with the files in the system's cache and once without. --peer measures datasketch's MinHashLSH with exact
verification in the same run. --keep leaves the indexes in a folder, and takes those that are there already.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import dedupe_data
import numpy as np

from curator.near.answers import AT_LEAST, FEWEST_SHINGLES, NEAR, Neighbour
from curator.near.index import Document, NearIndex
from curator.similarity import sets

COLD = """
import json, os, sys, time
folder, drop = sys.argv[1], sys.argv[2] == "drop"
drafts = json.load(sys.stdin)
from curator.near.index import NearIndex
from pathlib import Path
if drop:
    for path in Path(folder).glob("g*/*"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
begun = time.perf_counter()
index = NearIndex(Path(folder))
opened = time.perf_counter()
used = time.thread_time()
index.query(drafts[0])
used = time.thread_time() - used
first = time.perf_counter()
index.query(drafts[1])
print(json.dumps([opened - begun, first - opened, used, time.perf_counter() - first]))
"""


def kinds(texts: list[str], others: list[str], rng: random.Random) -> dict[str, list[str]]:
    """Drafts of three kinds: a document with one line dropped and one added; the beginning of one; new ones."""
    edited, short = [], []
    for text in texts:
        lines = text.splitlines()
        del lines[rng.randrange(len(lines))]
        lines.insert(rng.randrange(len(lines) + 1), f"let added{rng.randrange(10**6)} = one more line of a draft")
        edited.append("\n".join(lines))
        short.append(" ".join(text.split()[: rng.randrange(14, 31)]))
    return {"edited copy": edited, "first words of a copy": short, "new documents": others}


def milliseconds(work: Callable[[str], object], drafts: Iterable[str]) -> tuple[float, float, float]:
    """Median and 95th percentile of the time `work` takes for each draft, and the latter of the processor's time."""
    taken, used = [], []
    for draft in drafts:
        begun, before = time.perf_counter(), time.thread_time()
        work(draft)
        used.append((time.thread_time() - before) * 1000)
        taken.append((time.perf_counter() - begun) * 1000)
    return float(np.median(taken)), float(np.percentile(taken, 95)), float(np.percentile(used, 95))


def documents(count: int, real: Path | None) -> Iterator[str]:
    """The texts that are indexed."""
    return dedupe_data.windows(real, count) if real else dedupe_data.synthetic(count)


def brute_force(drafts: list[str], texts: Iterable[str]) -> list[list[Neighbour]]:
    """Of each draft every answer there is, best first: each document's shingles, as strings, against all drafts'."""
    wanted = [dedupe_data.shingles(draft) for draft in drafts]
    asking: dict[str, list[int]] = {}
    for place, own in enumerate(wanted):
        for shingle in own if len(own) >= FEWEST_SHINGLES else ():
            asking.setdefault(shingle, []).append(place)
    found: list[list[Neighbour]] = [[] for _ in drafts]
    for number, text in enumerate(texts):
        own = dedupe_data.shingles(text)
        shared = Counter(place for shingle in own & asking.keys() for place in asking[shingle])
        for place, common in shared.items():
            size = len(wanted[place])
            if common / size >= AT_LEAST:
                found[place].append(Neighbour(f"d{number}", common / (len(own) + size - common), common / size))
    return [sorted(near, key=lambda n: n.rank()) for near in found]


def verify(index: NearIndex, drafts: dict[str, list[str]], texts: Iterable[str]) -> None:
    """Print for how many drafts the answers differ from those of brute force, and what of the strong ones is missed."""
    begun = time.perf_counter()
    right = iter(brute_force([draft for of_kind in drafts.values() for draft in of_kind], texts))
    for kind, of_kind in drafts.items():
        differ = strong = missed = answers = 0
        for draft, near in zip(of_kind, right, strict=False):
            got = index.query(draft)
            differ += got != near[:5]
            answers += len(near[:5])
            alike = [n for n in near if n.similarity >= NEAR or n.containment >= NEAR]
            strong += len(alike)
            missed += len(set(alike) - set(index.query(draft, limit=len(alike) + 5)))
        print(
            f"  against brute force, {kind}: {differ} of {len(of_kind)} drafts are answered otherwise ({answers} "
            f"answers); of {strong} documents with {NEAR:g} or more of Jaccard or containment {missed} are missed"
        )
    print(f"  brute force took {time.perf_counter() - begun:.0f} s")


def measure(count: int, real: Path | None, keep: Path | None, verified: int, asked: int) -> None:
    """Everything for one size."""
    folder = (
        keep / f"{'real' if real else 'synthetic'}-{count}" if keep else Path(tempfile.mkdtemp(prefix="live-index-"))
    )
    rng = random.Random(count)
    places = set(rng.sample(range(count), min(asked, count)))
    some: list[str] = []
    new: list[str] = []  # of the same kind, so one in five is a copy, but not in the index

    def everything() -> Iterator[str]:
        some.clear()
        new.clear()
        for number, text in enumerate(documents(count + asked, real)):
            if number >= count:
                new.append(text)
                continue
            if number in places:
                some.append(text)
            yield text

    def stream() -> Iterator[Document]:
        for number, text in enumerate(everything()):
            yield Document(f"d{number}", sets.of_text(text))

    index = NearIndex(folder)
    print(f"\n{count} documents")
    if len(index) != count:
        begun = time.perf_counter()
        for _ in everything():
            pass
        making = time.perf_counter() - begun
        begun = time.perf_counter()
        index.rebuild(stream())
        built = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  build {built - making:.1f} s (and {making:.1f} s to make up the texts), peak memory {peak:.0f} MiB")
    else:
        for _ in everything():
            pass
    base = index.generation
    assert base is not None
    each = f"{base.bytes_on_disk / count:.0f} bytes a document, {base.occurrences / count:.0f} shingles each"
    print(f"  {base.bytes_on_disk / 1e6:.0f} MB on disk, {each}")
    drafts = kinds(some, new, rng)
    for how in ("keep", "drop"):
        done = subprocess.run(
            [sys.executable, "-c", COLD, str(folder), how], input=json.dumps(drafts["edited copy"][:2]),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        opened, first, used, second = (1000 * s for s in json.loads(done.stdout))
        cache = "in the system's cache" if how == "keep" else "not in the cache"
        first_one = f"first query {first:.2f} ms (of the processor {used:.2f} ms), second {second:.2f} ms"
        print(f"  new process, files {cache}: open {opened:.1f} ms, {first_one}")
    for kind, texts in drafts.items():
        milliseconds(index.query, texts[:20])
        print(
            "  query, {}: median {:.3f} ms, p95 {:.3f} ms (of the processor {:.3f} ms)".format(
                kind, *milliseconds(index.query, texts)
            )
        )
    if verified:
        verify(index, {kind: texts[:verified] for kind, texts in drafts.items()}, documents(count, real))
    put = milliseconds(lambda text: index.put(f"new{hash(text)}", text), new[:50])
    again = milliseconds(index.query, drafts["edited copy"])
    drop = milliseconds(lambda text: index.drop(f"new{hash(text)}"), new[:50])
    print(f"  put median {put[0]:.2f} ms, drop {drop[0]:.2f} ms")
    print(f"  query after 50 puts: p95 {again[1]:.3f} ms (of the processor {again[2]:.3f} ms)")
    begun = time.perf_counter()
    index.rebuild()
    print(f"  next generation of all this (merge) {time.perf_counter() - begun:.1f} s")
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


def peer(count: int, real: Path | None, asked: int) -> None:
    """datasketch 32 x 4 bands and exact verification, beside the live index, on the same drafts."""
    from datasketch import MinHash, MinHashLSH

    texts = list(documents(count, real))
    hashes = [sets.of_text(text) for text in texts]
    begun = time.perf_counter()
    lsh = MinHashLSH(num_perm=128, params=(32, 4))
    for number, text in enumerate(texts):
        made = MinHash(num_perm=128, seed=1)
        made.update_batch([shingle.encode() for shingle in dedupe_data.shingles(text)])
        lsh.insert(number, made)
    built = time.perf_counter() - begun

    def query(draft: str) -> list[tuple[float, int]]:
        made = MinHash(num_perm=128, seed=1)
        own = dedupe_data.shingles(draft)
        made.update_batch([shingle.encode() for shingle in own])
        wanted = sets.of_text(draft)
        found = []
        for number in lsh.query(made):
            common = len(np.intersect1d(wanted, hashes[number], assume_unique=True))
            similarity = common / (len(wanted) + len(hashes[number]) - common)
            if similarity >= NEAR:
                found.append((similarity, number))
        return sorted(found, reverse=True)

    with tempfile.TemporaryDirectory() as folder:
        index = NearIndex(Path(folder))
        begun = time.perf_counter()
        index.rebuild(Document(f"d{n}", sets.of_text(text)) for n, text in enumerate(texts))
        own_built = time.perf_counter() - begun
        rng = random.Random(count)
        some = [texts[n] for n in rng.sample(range(count), min(asked, count))]
        drafts = kinds(some, list(dedupe_data.synthetic(asked, seed=77)), rng)["edited copy"]
        theirs, ours = milliseconds(query, drafts), milliseconds(index.query, drafts)
    print(f"\n{count} documents, edited copies, beside datasketch MinHashLSH (32 x 4) with exact verification")
    print(f"  build: datasketch {built:.1f} s, live index {own_built:.1f} s")
    print(
        f"  query: datasketch median {theirs[0]:.3f} ms, p95 {theirs[1]:.3f}; live index {ours[0]:.3f}, {ours[1]:.3f}"
    )
    print(f"  ratio: {theirs[0] / ours[0]:.1f} x at the median, {theirs[1] / ours[1]:.1f} x at p95")


def measure_corpus(root: Path) -> None:
    """The index of a folder of examples: made, opened again, brought in step."""
    from curator.near import corpus as near_corpus

    print(f"\n{len(near_corpus.corpus.example_paths([root]))} examples in {root}")
    for jobs, who in ((1, "one process"), (0, "all processors")):
        with tempfile.TemporaryDirectory() as name:
            begun = time.perf_counter()
            near_corpus.refresh(near_corpus.open_index(root, Path(name)), root, jobs=jobs)
            made = time.perf_counter()
            index = near_corpus.open_index(root, Path(name))
            opened = time.perf_counter()
            near_corpus.refresh(index, root)
            done = time.perf_counter()
        print(f"  {who}: build {made - begun:.1f} s; open {1000 * (opened - made):.0f} ms, look for changes", end=" ")
        print(f"{1000 * (done - opened):.0f} ms")


def main() -> None:
    """Print the figures of every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--real", type=Path, help="a folder of BBj files")
    parser.add_argument("--peer", type=int, default=0, help="documents for the comparison with datasketch")
    parser.add_argument("--corpus", type=Path, help="a folder of examples, such as many_examples.py makes")
    parser.add_argument("--keep", type=Path, help="where the indexes are kept")
    parser.add_argument(
        "--verify", type=int, default=10, metavar="N", help="drafts of each kind to compare with all documents; 0: none"
    )
    parser.add_argument("--drafts", type=int, default=500, help="drafts of each kind")
    given = parser.parse_args()
    from curator.similarity.native import library

    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {library.notice() or 'compiled shingle kernel'}"
    )
    for count in given.sizes:
        measure(count, given.real, given.keep, given.verify, given.drafts)
    if given.corpus:
        measure_corpus(given.corpus)
    if given.peer:
        peer(given.peer, given.real, given.drafts)


if __name__ == "__main__":
    main()
