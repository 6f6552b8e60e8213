"""Why the kernels are C, compiled ahead of time: the shingling kernel in C, Numba and NumPy on the same documents.

    python tests/bench/compiled_kernels.py [--documents 5000] [--cache FOLDER]

For each: what the first use costs (compiling, loading) and what it does then, on one thread. Numba is installed into
the environment of `dedupe.py`. All three must give the same hashes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import dedupe  # noqa: E402
import dedupe_data  # noqa: E402

from curator.similarity import fallback, kernels, sets  # noqa: E402
from curator.similarity.native import build, library  # noqa: E402

NUMBA = "numba==0.68.1"
# The same loop, compiled eagerly for one signature: the least that Numba can be asked for.
NUMBA_KERNEL = """
import sys, time
started = time.perf_counter()
import numba, numpy as np
imported = time.perf_counter() - started
F, R, L = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), np.uint64(0xFF51AFD7ED558CCD)
R5 = np.uint64(pow(0xD6E8FEB86659FD93, 5, 1 << 64))
Z, S32, S29, S8 = np.uint64(0), np.uint64(32), np.uint64(29), np.uint64(8)
started = time.perf_counter()

@numba.njit("int64(uint8[::1], int64[::1], uint8[::1], uint64[::1], int64[::1])", nogil=True, cache=True)
def shingle(data, starts, folded, out, sizes):
    total = 0
    for d in range(len(sizes)):
        i, end, seen, run, first = starts[d], starts[d + 1], 0, Z, total
        last5 = np.zeros(5, np.uint64)
        while True:
            while i < end and folded[data[i]] == 0:
                i += 1
            if i == end:
                break
            token = Z
            while i < end and folded[data[i]]:
                word, shift = Z, Z
                while i < end and folded[data[i]] and shift < 64:
                    word |= np.uint64(folded[data[i]]) << shift
                    shift += S8
                    i += 1
                token = (token ^ word) * F
                token ^= token >> S32
            run = run * R + token - last5[seen % 5] * R5
            last5[seen % 5] = token
            seen += 1
            if seen >= 5:
                value = (run ^ (run >> S32)) * L
                out[total] = value ^ (value >> S29)
                total += 1
        if 0 < seen < 5:
            value = (run ^ (run >> S32)) * L
            out[total] = value ^ (value >> S29)
            total += 1
        ordered = np.sort(out[first:total])
        total = first
        for j in range(len(ordered)):
            if j == 0 or ordered[j] != ordered[j - 1]:
                out[total] = ordered[j]
                total += 1
        sizes[d] = total - first
    return total

compiled = time.perf_counter() - started
data = np.fromfile(sys.argv[1], np.uint8); starts = np.fromfile(sys.argv[2], np.int64)
folded = np.fromfile(sys.argv[3], np.uint8)
best = 9e9
for _ in range(5):
    out, sizes = np.empty(len(data) // 2 + len(starts), np.uint64), np.empty(len(starts) - 1, np.int64)
    started = time.perf_counter()
    total = shingle(data, starts, folded, out, sizes)
    best = min(best, time.perf_counter() - started)
import json
print(json.dumps([imported, compiled, best, int(out[:total].sum())]))
"""


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5_000)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "curator-bench"))
    chosen = parser.parse_args()
    chosen.cache.mkdir(parents=True, exist_ok=True)
    data, starts = sets._encoded(list(dedupe_data.synthetic(chosen.documents)))
    print(f"shingling {chosen.documents:,} documents, {len(data) / 1e6:.1f} MB, one thread")
    with tempfile.TemporaryDirectory() as name:
        started = time.perf_counter()
        build.build(Path(name))
        compiled = time.perf_counter() - started
    started = time.perf_counter()
    if library.load() is None:
        raise SystemExit("no compiled kernels: python -m curator.similarity.native.build")
    loaded = time.perf_counter() - started
    cost = f"compiled in {compiled:.2f} s at installation, loaded in {loaded * 1000:.1f} ms"
    sums = {report("C", cost, kernels.shingle, data, starts)}
    sums.add(report("NumPy", "nothing to compile", fallback.shingle, data, starts))
    dedupe.install(chosen.cache)
    python = dedupe.peers_python(chosen.cache)
    subprocess.run([python, "-m", "pip", "install", "-q", NUMBA], check=True, stderr=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").write_bytes(data)
        (folder / "starts").write_bytes(starts.tobytes())
        (folder / "folded").write_bytes(fallback._FOLDED.tobytes())
        (folder / "kernel.py").write_text(NUMBA_KERNEL, "utf-8")
        for what in ("first use", "from its cache"):
            done = subprocess.run(
                [python, "kernel.py", "data", "starts", "folded"],
                cwd=folder, check=True, capture_output=True, text=True, env={**os.environ, "NUMBA_CACHE_DIR": name},
            )  # fmt: skip
            imported, compiled, seconds, total = json.loads(done.stdout)
            print(line("Numba", f"imported in {imported:.2f} s, {what} {compiled:.2f} s", seconds, len(data), starts))
            sums.add(total)
    print("all give the same hashes" if len(sums) == 1 else "THEY DIFFER")


def report(name: str, cost: str, shingle, data: bytes, starts: np.ndarray) -> int:  # type: ignore[no-untyped-def]
    """The best of five, and the sum of the hashes."""
    best = 9e9
    for _ in range(5):
        started = time.perf_counter()
        hashes, _sizes = shingle(data, starts)
        best = min(best, time.perf_counter() - started)
    print(line(name, cost, best, len(data), starts))
    return int(hashes.sum())


def line(name: str, cost: str, seconds: float, size: int, starts: np.ndarray) -> str:
    """A row of the table."""
    return f"{name:<6}{(len(starts) - 1) / seconds:>10,.0f} docs/s {size / seconds / 1e6:>6,.0f} MB/s   {cost}"


if __name__ == "__main__":
    main()
