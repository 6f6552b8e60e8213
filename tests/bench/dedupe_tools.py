"""Runs one near-duplicate tool over one file, and prints what it took: a helper of `dedupe.py`, a process for each run.

    python tests/bench/dedupe_tools.py TOOL FILE THRESHOLD OUT.npy

OUT gets the pairs of documents the tool reports, (n, 2), or for datatrove each document's cluster, (documents,), -1 for
none. The clock starts after the imports and includes reading the file. Of tools that only propose pairs these are
checked exactly, over the same shingles; gaoya checks by its own estimate, datatrove not at all. All but ours: 16 bands
of 8.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import dedupe_data  # noqa: E402

PERMUTATIONS, BANDS, ROWS = 128, 16, 8
Run = Callable[[Path, float], tuple[float, np.ndarray, dict]]


def ours(engine: str) -> Run:
    def run(path: Path, threshold: float) -> tuple[float, np.ndarray, dict]:
        from curator.similarity import join
        from curator.similarity.native import library

        library.load()
        started = time.perf_counter()
        found = join.pairs(dedupe_data.read(path), threshold, engine=engine)
        seconds = time.perf_counter() - started
        return seconds, np.stack((found.a, found.b), axis=1), {"candidates": found.candidates}

    return run


def datasketch(path: Path, threshold: float) -> tuple[float, np.ndarray, dict]:
    import xxhash
    from datasketch import MinHash, MinHashLSH

    started = time.perf_counter()
    sets = [dedupe_data.shingles(text) for text in dedupe_data.read(path)]
    signed = MinHash.bulk(
        ([s.encode() for s in one] for one in sets), num_perm=PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest
    )
    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    found, candidates = [], 0
    for number, signature in enumerate(signed):
        for other in index.query(signature):
            candidates += 1
            if similar(sets[other], sets[number], threshold):
                found.append((other, number))
        index.insert(number, signature, check_duplication=False)
    return time.perf_counter() - started, np.array(found), {"candidates": candidates}


def rensa(path: Path, threshold: float) -> tuple[float, np.ndarray, dict]:
    from rensa import RMinHash, RMinHashLSH

    started = time.perf_counter()
    sets = [dedupe_data.shingles(text) for text in dedupe_data.read(path)]
    index = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=BANDS)
    found, candidates = [], 0
    for number, one in enumerate(sets):
        signature = RMinHash(num_perm=PERMUTATIONS, seed=42)
        signature.update(list(one))
        for other in index.query(signature):
            candidates += 1
            if similar(sets[other], one, threshold):
                found.append((other, number))
        index.insert(number, signature)
    return time.perf_counter() - started, np.array(found), {"candidates": candidates}


def gaoya(path: Path, threshold: float) -> tuple[float, np.ndarray, dict]:
    from gaoya.minhash import MinHashStringIndex

    started = time.perf_counter()
    index = MinHashStringIndex(
        hash_size=32, jaccard_threshold=threshold, num_bands=BANDS, band_size=ROWS, num_hashes=PERMUTATIONS,
        analyzer="word", lowercase=True, ngram_range=(5, 5), id_container="smallvec",
    )  # fmt: skip
    texts = list(dedupe_data.read(path))
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    answers = index.par_bulk_query(texts)
    found = [(other, number) for number, others in enumerate(answers) for other in others if other < number]
    return time.perf_counter() - started, np.array(found), {}


def datatrove(path: Path, threshold: float) -> tuple[float, np.ndarray, dict]:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature, minhash
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.utils.hashing import HashConfig
    from loguru import logger

    logger.remove()
    minhash.load_word_tokenizer = lambda _: None

    class OurShingles(MinhashDedupSignature):
        def get_shingles(self, text: str) -> np.ndarray:
            import dedupe_data

            made = [self._hash_func(s) for s in dedupe_data.shingles(text)]
            return np.array(made, np.uint64).reshape(-1, 1)

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        rows = root / "in"
        rows.mkdir()
        texts = list(dedupe_data.read(path))
        half = len(texts) // 2
        dedupe_data.write_rows(rows / "0.jsonl", texts[:half])  # a file for each worker, of the kind it reads
        dedupe_data.write_rows(rows / "1.jsonl", texts[half:])
        started = time.perf_counter()
        config = minhash.MinhashConfig(
            n_grams=5, num_buckets=BANDS, hashes_per_bucket=ROWS, hash_config=HashConfig(precision=32)
        )
        stages = [
            (2, [JsonlReader(str(rows)), OurShingles(str(root / "signed"), config)]),
            (BANDS, [MinhashDedupBuckets(str(root / "signed"), str(root / "bands"), config=config)]),
            (1, [MinhashDedupCluster(str(root / "bands"), str(root / "out"), config, save_cluster_id=True)]),
        ]
        for number, (tasks, pipeline) in enumerate(stages):
            LocalPipelineExecutor(
                pipeline, tasks=tasks, workers=min(2, tasks), logging_dir=str(root / f"log{number}")
            ).run()
        seconds = time.perf_counter() - started
        clusters = np.full(len(texts), -1)
        for number, offset in enumerate((0, half)):
            file = root / "out" / f"{number:06d}.clusters"
            data = np.fromfile(file, np.uint32).reshape(-1, 2) if file.exists() else np.zeros((0, 2), np.uint32)
            clusters[data[:, 0] + offset] = data[:, 1]
    return seconds, clusters, {}


def similar(a: set[str], b: set[str], threshold: float) -> bool:
    common = len(a & b)
    return common > 0 and common / (len(a) + len(b) - common) >= threshold


TOOLS: dict[str, Run] = {
    "exact": ours("exact"), "lsh": ours("lsh"), "gaoya": gaoya, "rensa": rensa, "datatrove": datatrove,
    "datasketch": datasketch, "exact-numpy": ours("exact"),
}  # fmt: skip


def main() -> None:
    """Print one line of JSON."""
    tool, path, threshold, out = sys.argv[1:]
    seconds, found, more = TOOLS[tool](Path(path), float(threshold))
    np.save(out, found)
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib(with_children=tool == "datatrove"), **more}))


def peak_mib(with_children: bool) -> float:
    """The most memory this process ever had, and its largest child if asked for; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit if with_children else 0.0
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss also counts what the process was before it became this program
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024 + children
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit + children


if __name__ == "__main__":
    main()
