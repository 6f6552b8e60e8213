"""The near-duplicate engine beside public tools: speed, memory, recall and precision, and its cost against size.

    python tests/bench/dedupe.py [--real FOLDER] [--tools exact lsh gaoya ...] [--sizes 1000 10000 ...] [--documents N]

One run on one machine: what is printed of one tool can be compared with what is printed of another. Each tool runs in a
process of its own; its clock starts after the imports and includes reading and shingling. Answers are judged by a
prefix join in plain Python over the shingles as strings (`dedupe_data.every_pair`), which is itself checked against
brute force first. The other tools are installed, pinned, into an environment below --cache.

    python tests/bench/dedupe.py --verify 1000000

judges our engines alone, at a size where that join does not fit in memory, by `dedupe_large.py`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import dedupe_data  # noqa: E402
import dedupe_large  # noqa: E402

from curator.similarity import join  # noqa: E402
from curator.similarity.native import library  # noqa: E402

THRESHOLD = 0.7
PEERS = ("datasketch==2.0.0", "rensa==0.5.0", "gaoya==0.2.2", "datatrove[processing]==0.10.1", "xxhash", "orjson")
OURS = ("exact", "lsh", "exact-numpy")
# How many times as fast as which tool, by the issue this bench was made for.
WANTED = {
    "exact": {"gaoya": 2, "rensa": 4, "datatrove": 8, "datasketch": 10},
    "lsh": {"gaoya": 6, "rensa": 14, "datatrove": 25, "datasketch": 35},
}
# Tools that are quick enough to be run three times in turn; the median counts.
REPEATED = {"exact": 3, "lsh": 3, "gaoya": 3}
_CHECKED = 1_500  # documents for which brute force over all pairs takes seconds


@dataclass(frozen=True)
class Answer:
    """Which pairs of a set of documents are similar, sorted, and how similar; the set has so many documents."""

    documents: int
    keys: np.ndarray
    similarity: np.ndarray

    def share(self, found: np.ndarray, least: float) -> float:
        """Recall of those pairs that are at least so similar."""
        wanted = self.keys[self.similarity >= least]
        return float(np.isin(wanted, found).mean()) if len(wanted) else 1.0


def main() -> None:
    """Print everything that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = ["exact", "lsh", "gaoya", "rensa", "datatrove", "datasketch", "exact-numpy"]
    parser.add_argument("--tools", nargs="*", default=every[:-1], choices=every, help="default: all but exact-numpy")
    parser.add_argument("--documents", type=int, default=100_000, help="for the comparison; 0 leaves it out")
    parser.add_argument("--sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--real", type=Path, help="a folder of BBj files, of which passages are compared too")
    parser.add_argument("--windows", type=int, default=20_000, help="how many passages")
    parser.add_argument("--verify", type=int, default=0, metavar="N", help="only judge our engines, at N documents")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "curator-bench"))
    chosen = parser.parse_args()
    chosen.cache.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    print(f"{os.cpu_count()} processors; {library.notice() or 'compiled kernels'}")
    check("synthetic documents", dedupe_data.synthetic(_CHECKED))
    if chosen.verify:
        verify(chosen.verify, chosen.cache)
        return
    if chosen.real:
        check("passages of real BBj", dedupe_data.windows(chosen.real, _CHECKED))
    if set(chosen.tools) - set(OURS):
        install(chosen.cache)
    if chosen.documents:
        path = synthetic(chosen.cache, chosen.documents)
        compare(f"{chosen.documents:,} synthetic documents", path, chosen.tools, chosen.cache)
    if chosen.real:
        path = chosen.cache / f"windows-{chosen.windows}.txt"
        dedupe_data.write(path, dedupe_data.windows(chosen.real, chosen.windows))
        path.with_suffix(".answer.npz").unlink(missing_ok=True)  # the folder may be another one than last time
        compare(f"{chosen.windows:,} passages of real BBj", path, chosen.tools, chosen.cache)
    if chosen.sizes:
        against_size([synthetic(chosen.cache, size) for size in sorted(chosen.sizes)], chosen.cache)
    print(f"\n{time.perf_counter() - started:.0f} s in all")


def check(what: str, texts: Iterable[str]) -> None:
    """Brute force, the judge and the exact engine must say the same."""
    texts = list(texts)
    brute = dedupe_data.brute_force(texts, THRESHOLD)
    found = join.pairs(texts, THRESHOLD)
    ours = dict(zip(zip(found.a.tolist(), found.b.tolist(), strict=True), found.jaccard.tolist(), strict=True))
    same = brute == dedupe_data.every_pair(texts, THRESHOLD) == ours
    print(f"brute force over {len(texts):,} {what}: {len(brute):,} pairs; {'all agree' if same else 'THEY DIFFER'}")


def verify(count: int, cache: Path) -> None:
    """What our engines find of all there is to find among very many documents, and of the copies that were planted."""
    small = synthetic(cache, _CHECKED)
    texts = list(dedupe_data.read(small))
    brute, few = dedupe_data.brute_force(texts, THRESHOLD), large_answer(small)[0]
    same = few.keys.tolist() == sorted(a << 32 | b for a, b in brute)
    print(f"brute force over {_CHECKED:,} and the judge for many: {'they agree' if same else 'THEY DIFFER'}")
    path = synthetic(cache, count)
    started = time.perf_counter()
    right, planted = large_answer(path)
    judged = time.perf_counter() - started
    print(
        f"{count:,} synthetic documents: {len(right.keys):,} pairs at {THRESHOLD:g} or more ({judged:.0f} s to judge)"
    )
    print(f"planted copies that near to their original: {len(planted):,}; judge has {found_of(planted, right.keys)}")
    for engine in ("exact", "lsh"):
        run(engine, path, cache)
        found = reported_pairs(np.load(out(cache, engine)), right)[0]
        precision = float(np.isin(found, right.keys).mean()) if len(found) else 1.0
        print(
            f"{engine:<6}{len(found):>10,} pairs; planted {found_of(planted, found)}; recall "
            f"{right.share(found, THRESHOLD):.6f} at {THRESHOLD:g}, {right.share(found, 0.8):.6f} at 0.8; "
            f"precision {precision:.6f}"
        )


def found_of(wanted: np.ndarray, found: np.ndarray) -> str:
    """How many of the wanted ones are among those found."""
    return f"{int(np.isin(wanted, found).sum()):,} of {len(wanted):,}"


def compare(title: str, path: Path, tools: Iterable[str], cache: Path) -> None:
    """A table with a row for each tool, and how many times as fast ours are."""
    right = answer(path)
    print(f"\n{title}, {len(right.keys):,} pairs at {THRESHOLD:g} or more")
    print(f"{'tool':<12}{'docs/s':>9}{'seconds':>9}{'MiB':>7}  recall {THRESHOLD:g}  recall 0.8  precision  candidates")
    runs: dict[str, list[dict]] = {tool: [] for tool in tools}
    for turn in range(max(REPEATED.values())):
        for tool in tools:
            if turn < REPEATED.get(tool, 1):
                runs[tool].append(run(tool, path, cache))
    speed = {}
    for tool, results in runs.items():
        seconds = statistics.median(r["seconds"] for r in results)
        speed[tool] = right.documents / seconds
        found = np.load(out(cache, tool))
        reported, note = reported_pairs(found, right)
        precision = float(np.isin(reported, right.keys).mean()) if len(reported) else 1.0
        print(
            f"{tool:<12}{speed[tool]:>9,.0f}{seconds:>9.2f}{max(r['peak_mib'] for r in results):>7,.0f}"
            f"{right.share(reported, THRESHOLD):>12.4f}{right.share(reported, 0.8):>12.4f}{precision:>11.4f}"
            f"{results[0].get('candidates', '-'):>12}{note}"
        )
    for ours, others in WANTED.items():
        said = [f"{speed[ours] / speed[o]:.1f} x {o} ({n})" for o, n in others.items() if ours in speed and o in speed]
        if said:
            print(f"{ours} is " + ", ".join(said) + "; in brackets what is wanted on 100,000 documents")


def reported_pairs(found: np.ndarray, right: Answer) -> tuple[np.ndarray, str]:
    """Pairs as one number each. Of clusters every pair inside, and how many of their members have no partner at all."""
    if found.ndim == 2 or not len(found):
        pairs = np.sort(found.reshape(-1, 2).astype(np.int64), axis=1)
        return np.unique(pairs[:, 0] << 32 | pairs[:, 1]), ""
    members: dict[int, list[int]] = {}
    for document, cluster in enumerate(found.tolist()):
        if cluster >= 0:
            members.setdefault(cluster, []).append(document)
    keys = [a << 32 | b for group in members.values() for i, b in enumerate(group) for a in group[:i]]
    partnered = set((right.keys >> 32).tolist()) | set((right.keys & 0xFFFFFFFF).tolist())
    alone = sum(document not in partnered for group in members.values() for document in group)
    return np.array(keys, np.int64), f"  pairs inside clusters; {alone:,} members are similar to nothing"


def against_size(paths: list[Path], cache: Path) -> None:
    """What the engines take for more and more documents."""
    print("\ncost against size")
    print(f"{'documents':>10}{'engine':>8}{'seconds':>9}{'docs/s':>9}{'MiB':>7}{'pairs':>10}{'candidates':>12}")
    for path in paths:
        documents = int(path.stem.split("-")[1])
        for engine in ("exact", "lsh"):
            result = run(engine, path, cache)
            pairs = len(np.load(out(cache, engine)))
            print(
                f"{documents:>10,}{engine:>8}{result['seconds']:>9.2f}{documents / result['seconds']:>9,.0f}"
                f"{result['peak_mib']:>7,.0f}{pairs:>10,}{result['candidates']:>12,}"
            )


def run(tool: str, path: Path, cache: Path) -> dict:
    """What `dedupe_tools.py` prints."""
    python = sys.executable if tool in OURS else str(peers_python(cache))
    native = "0" if tool == "exact-numpy" else os.environ.get("CURATOR_NATIVE", "1")
    script = str(Path(__file__).with_name("dedupe_tools.py"))
    done = subprocess.run(
        [python, script, tool, str(path), str(THRESHOLD), str(out(cache, tool))],
        capture_output=True, text=True, check=False, env={**os.environ, "CURATOR_NATIVE": native},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{tool} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def out(cache: Path, tool: str) -> Path:
    """Where a tool's answer goes."""
    return cache / f"found-{tool}.npy"


def answer(path: Path) -> Answer:
    """The judge's answer; kept beside the documents, made by another process for the sake of this one's memory."""
    kept = path.with_suffix(".answer.npz")
    if not kept.exists():
        subprocess.run([sys.executable, __file__, "--judge", str(path)], check=True)
    with np.load(kept) as data:
        return Answer(int(data["documents"]), data["keys"], data["similarity"])


def judge(path: Path) -> None:
    """Write what `answer` reads."""
    found = dedupe_data.every_pair(dedupe_data.read(path), THRESHOLD)
    keys = np.array([a << 32 | b for a, b in found], np.int64)
    order = np.argsort(keys)
    documents = sum(1 for _ in dedupe_data.read(path))
    similarity = np.array(list(found.values()))[order] if found else np.zeros(0)
    np.savez(path.with_suffix(".answer.npz"), documents=documents, keys=keys[order], similarity=similarity)


def large_answer(path: Path) -> tuple[Answer, np.ndarray]:
    """What `judge_large` says of a file of synthetic documents: all pairs, and the planted ones."""
    kept = path.with_suffix(".large.npz")
    if not kept.exists():
        subprocess.run([sys.executable, __file__, "--judge-large", str(path)], check=True)
    with np.load(kept) as data:
        return Answer(int(data["documents"]), data["keys"], data["similarity"]), data["planted"]


def judge_large(path: Path) -> None:
    """Write what `large_answer` reads."""
    keys, similarity = dedupe_large.every_pair(path, THRESHOLD)
    documents = int(path.stem.split("-")[1])
    origins = (origin for _, origin in dedupe_data.planted(documents))
    planted = dedupe_large.planted(path, origins, THRESHOLD)
    np.savez(path.with_suffix(".large.npz"), documents=documents, keys=keys, similarity=similarity, planted=planted)


def synthetic(cache: Path, count: int) -> Path:
    """The file of so many documents, made if it is not there."""
    path = cache / f"synthetic-{count}.txt"
    if not path.exists():
        part = path.with_suffix(".part")
        dedupe_data.write(part, dedupe_data.synthetic(count))
        part.replace(path)
    return path


def install(cache: Path) -> None:
    """An environment with the other tools, made if it is not there."""
    if not peers_python(cache).exists():
        print("installing the other tools ...", flush=True)
        venv.create(cache / "peers", with_pip=True)
    command = [str(peers_python(cache)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def peers_python(cache: Path) -> Path:
    """The interpreter of the other tools."""
    folder = cache / "peers"
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--judge"]:  # how `answer` calls this
        judge(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--judge-large"]:
        judge_large(Path(sys.argv[2]))
    else:
        main()
