"""A stand-in for bbjcpl: not a compiler, only its recorded behaviour, steered by words in the source lines.

Copied into a test's folder as bin/bbjcpl. Like the original it exits 0 whatever it found, prints errors on stderr
without a reason, and drops a file beside the source when it is called without -N. Each call is noted in calls.jsonl.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).absolute().parent.parent  # the original finds its home by its own path too


def main() -> int:
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    with (HOME / "calls.jsonl").open("a", encoding="utf-8") as calls:
        note = {"argv": sys.argv[1:], "cwd": str(Path.cwd()), "stdin": sys.stdin.read(), "pid": os.getpid()}
        calls.write(json.dumps(note) + "\n")
    if (HOME / "broken").exists():
        print("Error: could not find or load main class com.basis.Launcher", file=sys.stderr)
        return 1
    if os.environ.get("JAVA_TOOL_OPTIONS"):
        print(f"Picked up JAVA_TOOL_OPTIONS: {os.environ['JAVA_TOOL_OPTIONS']}", file=sys.stderr)
    for name in names:
        status = compile_one(name)
        if status:
            return status
    return 0


def compile_one(name: str) -> int:
    if not Path(name).is_absolute() or not Path(name).exists():
        print(f"Unable to open file {name}", file=sys.stderr)
        return 0
    if "-N" not in sys.argv:
        Path(name + ".compiled").write_text("<<bbj>>")
    lines = Path(name).read_bytes().decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r")
        place = f"at line {number * 10} ({number}):"
        out = sys.stdout if "on stdout" in line else sys.stderr
        if "(wrong" in line:
            print(f"{name}: error {place} {line}", file=out)
        if "(wrong on both" in line:
            print(f"{name}: error {place} {line}", file=sys.stdout)
        if "(wrong cascade" in line:
            print(f"{name}: error at line {(number + 1) * 10} ({number + 1}): {lines[number]}", file=out)
        if "goto nowhere" in line:
            print(f"{name}: error: label NOWHERE used but not defined {place} {line}", file=out)
        if "(mistyped" in line:
            print(f"{name}: type check error [No match for method foo] {place} {line}", file=out)
        if "(undeclared" in line:
            print(f"{name}: type check warning [Undeclared error variable] {place} {line}", file=out)
        if "(unreadable" in line:
            print(f"Unable to open file {name}", file=out)
        if "(garbage" in line:
            print("Exception in thread main java.lang.OutOfMemoryError\n\tat com.basis.Foo.bar(Foo.java)", file=out)
        if "(endless" in line:
            for _ in range(60_000):
                print(f"{name}: error {place} {line} {'x' * 40}", file=out)
        if "(hangs" in line:
            wake = "import pathlib, sys, time; time.sleep(60); pathlib.Path(sys.argv[1]).touch()"
            child = subprocess.Popen([sys.executable, "-c", wake, str(HOME / "woke")])
            with (HOME / "children").open("a") as children:
                children.write(f"{child.pid}\n")
            child.wait()
        if "(crash" in line:
            print(f"{name}: error {place} {line}", file=out)
            return 127
    return 0


if __name__ == "__main__":
    sys.exit(main())
