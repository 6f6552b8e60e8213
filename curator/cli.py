"""The `curator` command. Each subcommand reads its options, calls the core, prints the result and returns an exit code.

Exit codes: 0 fine, 1 findings, 2 wrong usage, 3 something is missing. Try it: `curator validate`
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator import __version__
from curator.errors import CuratorError, ExitCode, MissingError
from curator.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES

# The core is imported inside the commands: `curator --help` answers in the time click takes, and a hook loads only
# what its check needs. tests/test_imports.py measures it.

_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
_COMPILER = click.option(
    "--compiler",
    type=click.Choice(["auto", "bbjcpl", "builtin", "bbj-ls", "none"]),
    default="auto",
    show_default=True,
    help="Who judges the BBj code: bbjcpl where it is installed, else the built-in checker.",
)
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True
)
_SELECT = click.option("--select", multiple=True, metavar="CODE", help="Only this code, or all that begin with it.")
_IGNORE = click.option("--ignore", multiple=True, metavar="CODE", help="Leave out a code, or all that begin with it.")
_STRICT = click.option("--strict", is_flag=True, help="Warnings fail too.")
_QUIET = click.option("--quiet", is_flag=True, help="Say nothing if there is nothing to say.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="curator")
def cli() -> None:
    """Write, check and deduplicate BBj training examples, and make datasets of them."""


@cli.command()
@_PATHS
@_FORMAT
@_COMPILER
@_SELECT
@_IGNORE
@_STRICT
@_QUIET
def validate(paths: Sequence[Path], compiler: Any, **how: Any) -> ExitCode:
    """Check examples: front matter, sections, fences, BBj code. Default: the whole corpus."""
    from curator.batch import check_files

    files = _example_paths(paths)
    found = check_files(files, compiler)
    return _report(found, [p.as_posix() for p in files], "example", compiler, **how)


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_FORMAT
@_COMPILER
@_SELECT
@_IGNORE
@_STRICT
@_QUIET
@click.option("--compare", is_flag=True, help="Ask all judges that are there and print where they disagree.")
def check(paths: Sequence[Path], compiler: Any, compare: bool, **how: Any) -> ExitCode:
    """Check plain BBj files (.bbj, .bbx, .src), or all of them in a folder."""
    from curator import compiler as judges
    from curator import source
    from curator.checks import verdict_diagnostics

    files = source.source_paths(paths)
    if not files:
        raise MissingError(f"no {', '.join(sorted(source.SUFFIXES))} files in {', '.join(map(str, paths))}")
    sources = [judges.Source(p.as_posix(), source.read_source(p)) for p in files]
    if compare:
        return _compare(judges.compare(sources))
    found = [
        d for s, v in zip(sources, judges.judge(sources, compiler), strict=True) for d in verdict_diagnostics(s, v)
    ]
    return _report(found, [s.path for s in sources], "file", compiler, **how)


@cli.command()
@click.option("--title", prompt=True, help="What the example shows, in one line.")
@click.option("--topic", type=click.Choice(TOPICS), prompt=True)
@click.option("--type", "kind", type=click.Choice(TYPES), prompt=True)
@click.option("--generation", type=click.Choice(GENERATIONS), prompt=True)
@click.option("--from-generation", type=click.Choice(GENERATIONS), help="Of a migration: that of the old program.")
@click.option("--difficulty", type=click.Choice(DIFFICULTIES), default="basic", show_default=True)
@click.option("--corpus", "root", type=click.Path(path_type=Path), help="The training-data folder.")
def new(
    title: str,
    topic: str,
    kind: str,
    generation: str,
    from_generation: str | None,
    difficulty: str,
    root: Path | None,
) -> ExitCode:
    """Begin an example from a template and print its path."""
    from curator import corpus, output
    from curator.templates import template

    folder = root or _root_or_here()
    path = corpus.new_path(folder, topic, title)
    corpus.write(path, template(title, kind, generation, difficulty, from_generation or ()))
    output.print_result(path.as_posix())
    output.say("edit it, then run: curator validate " + path.as_posix())
    return ExitCode.OK


@cli.command()
@_PATHS
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def stats(paths: Sequence[Path], form: str) -> ExitCode:
    """Count the corpus by label and show its gaps."""
    from curator import corpus, output
    from curator import stats as statistics

    examples, unreadable = corpus.load(_example_paths(paths))
    counted = statistics.count(examples)
    if form == "json":
        output.print_json(counted.as_dict())
    else:
        _print_stats(counted)
    for diagnostic in unreadable:
        output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if unreadable else ExitCode.OK


@cli.command()
@_PATHS
@click.option("--threshold", type=click.FloatRange(0.1, 1.0), default=0.7, show_default=True, help="Jaccard, 0 to 1.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def dedupe(paths: Sequence[Path], threshold: float, form: str) -> ExitCode:
    """Find near-duplicates, and say which one of each to keep and why. Nothing is changed."""
    from curator import checks, corpus, output
    from curator import dedupe as near

    examples, unreadable = corpus.load(_example_paths(paths))
    bad = {d.path for d in checks.check_examples(examples, "builtin") if d.severity == "error"}
    clusters = near.clusters([near.document(e, e.path not in bad) for e in examples], threshold)
    if form == "json":
        output.print_json({"threshold": threshold, "documents": len(examples), "clusters": _plain(clusters)})
    else:
        for number, cluster in enumerate(clusters, 1):
            output.print_result(f"cluster {number}: {len(cluster.members)} examples")
            for key in cluster.kept:
                output.print_result(f"  keep    {key}")
            for removal in cluster.removals:
                output.print_result(f"  remove  {removal.key}")
                output.print_result(f"          {removal.similarity:.2f} like {removal.partner}; {removal.why}")
    doubles = sum(len(c.removals) for c in clusters)
    output.say(f"{len(examples)} examples, {doubles} near-duplicates at Jaccard {threshold} (5-grams of tokens)")
    for diagnostic in unreadable:
        output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if clusters or unreadable else ExitCode.OK


@cli.command()
@_PATHS
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The dataset folder to make or replace.")
@click.option("--source", "sources", multiple=True, type=click.Path(path_type=Path), help="Plain BBj for stage 1.")
@click.option("--validation-share", type=click.FloatRange(0, 0.5), default=0.1, show_default=True)
@click.option("--test-share", type=click.FloatRange(0, 0.5), default=0.1, show_default=True)
@click.option("--threshold", type=click.FloatRange(0.1, 1.0), default=0.7, show_default=True, help="Jaccard, 0 to 1.")
@click.option("--keep-duplicates", is_flag=True, help="Keep near-duplicates, in one split.")
@_COMPILER
def convert(
    paths: Sequence[Path],
    out: Path,
    sources: Sequence[Path],
    validation_share: float,
    test_share: float,
    threshold: float,
    keep_duplicates: bool,
    compiler: Any,
) -> ExitCode:
    """Make a dataset folder: ChatML conversations split by cluster, raw code, manifest, dataset card."""
    from curator import checks, corpus, dataset, output

    files = _example_paths(paths)
    examples, unreadable = corpus.load(files)
    found = [*unreadable, *checks.check_examples(examples, compiler)]
    invalid = frozenset(d.path for d in found if d.severity == "error")
    options = dataset.Options(validation_share, test_share, threshold, keep_duplicates)
    made = dataset.build(examples, invalid, sources, options)
    manifest = dataset.write(made, out, options, files[0].parent)
    output.table(f"{out}", ["file", "rows"], [(f"{name}.jsonl", len(rows)) for name, rows in made.rows.items()])
    for removed in made.removed:
        output.say(f"left out: {removed.id}: {removed.reason}" + (f" ({removed.partner})" if removed.partner else ""))
    output.say(f"content hash {manifest['content_hash']}")
    for diagnostic in found:
        if diagnostic.severity == "error":
            output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if invalid else ExitCode.OK


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--html", type=click.Path(path_type=Path), help="Write the report as a page, with plots.")
@click.option("--fix", "out", type=click.Path(path_type=Path), help="Write good and mended rows here, as JSONL.")
@click.option("--language", default="en", show_default=True, help='What prose is expected in; "any" to not look.')
@click.option("--threshold", type=click.FloatRange(0.1, 1.0), default=0.7, show_default=True, help="Jaccard, 0 to 1.")
@click.option("--tokenizer", type=click.Path(path_type=Path), help="A tokenizer.json: lengths in tokens too.")
@_COMPILER
def audit(path: Path, form: str, html: Path | None, out: Path | None, tokenizer: Path | None, **how: Any) -> ExitCode:
    """Check a dataset that others made: ChatML, ShareGPT or Alpaca, one JSON object a line, gzip or not.

    The file itself is never changed. With --fix, rows that cannot be mended go to removed.jsonl beside the new file.
    """
    from contextlib import nullcontext

    from curator import audit as audits
    from curator import audit_fix, audit_report, corpus, output
    from curator.row_checks import Options

    with _reading(path) as bar, audit_fix.writing(path, out) if out else nullcontext() as writer:
        report = audits.audit(path, Options(**how), writer.take if writer else None, bar.update, tokenizer)
    if form == "json":
        output.print_json(audit_report.as_dict(report))
    else:
        for text in audit_report.as_lines(report):
            output.print_result(text)
    if html:
        corpus.write(html, audit_report.as_html(report))
    if out and writer:
        output.say(audit_report.written(report, writer, out))
    output.say(audit_report.summary(report))
    return ExitCode.FINDINGS if report.needs_attention else ExitCode.OK


@cli.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--corpus", "root", type=click.Path(path_type=Path), help="The training-data folder.")
@click.option("--source", default="", help="What to name as the source. Default: the file's name.")
@click.option("--license", "license_name", default="", help="The licence of the rows, as an SPDX identifier.")
@click.option("--limit", type=click.IntRange(1), help="Stop after so many examples.")
@click.option("--dry-run", is_flag=True, help="Write nothing, only say what would be written.")
@_COMPILER
def import_command(
    path: Path, root: Path | None, source: str, license_name: str, limit: int | None, dry_run: bool, compiler: Any
) -> ExitCode:
    """Make examples of the good rows of a dataset that others made, as drafts to be reviewed."""
    from curator import import_rows, output
    from curator.row_checks import Options

    wish = import_rows.Wish(source, license_name, limit, dry_run)
    with _reading(path) as bar:
        done = import_rows.import_rows(path, root or _root_or_here(), Options(compiler), wish, bar.update)
    for _, made in done.files:
        output.print_result(made.as_posix())
    for text in import_rows.as_lines(done):
        output.say(text)
    output.say(import_rows.summary(done, dry_run))
    return ExitCode.OK if done.files else ExitCode.FINDINGS


@cli.command()
@click.argument("code", required=False)
def explain(code: str | None) -> ExitCode:
    """Explain a diagnostic code with a bad and a good sample; without one, list them all."""
    from curator import output
    from curator.codes import CODES

    if code is None:
        for row in CODES.values():
            output.print_result(f"{row.code}  {row.severity:8}{row.title}")
        return ExitCode.OK
    if code.upper() not in CODES:
        raise CuratorError(f'there is no code "{code}"; list them with: curator explain')
    output.print_result(output.explain(CODES[code.upper()]))
    return ExitCode.OK


def main() -> None:
    """The console script: errors as one line on stderr, exit codes as documented."""
    sys.exit(run(cli, "curator"))


def run(command: click.Command, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a click command and return its exit code. `curator`, `bbj-curator` and `trainer` share it."""
    _utf8(sys.stdout)
    _utf8(sys.stderr)
    try:
        code = command.main(
            args=list(arguments) if arguments is not None else None, prog_name=name, standalone_mode=False
        )
        return int(code or 0)
    except CuratorError as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return int(error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print(f"{name}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone, as in `curator explain | head`
        sys.stderr.close()
        return 0


def _utf8(stream: Any) -> None:
    """Windows consoles and pipes may be in a code page that lacks characters of the output."""
    if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
        stream.reconfigure(encoding="utf-8", errors="replace")


def _reading(path: Path) -> Any:
    """A progress bar over the bytes of a file, on stderr; nothing where that is no terminal."""
    size = path.stat().st_size if path.is_file() else 0
    return click.progressbar(length=size, label=f"reading {path.name}", file=sys.stderr, hidden=not sys.stderr.isatty())


def _example_paths(paths: Sequence[Path]) -> list[Path]:
    from curator import corpus

    roots = list(paths) or [_relative(corpus.find_root(Path.cwd()))]
    found = corpus.example_paths(roots)
    if not found:
        raise MissingError(f"no examples in {', '.join(map(str, roots))}; begin one with: curator new")
    return found


def _root_or_here() -> Path:
    from curator import corpus

    try:
        return _relative(corpus.find_root(Path.cwd()))
    except MissingError:
        return Path(corpus.FOLDER)


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _report(
    found: Sequence[Any],
    paths: Sequence[str],
    noun: str,
    compiler: Any,
    form: Any,
    select: Sequence[str],
    ignore: Sequence[str],
    strict: bool,
    quiet: bool,
) -> ExitCode:
    from curator import output
    from curator.compiler import judge_name
    from curator.diagnostic import Severity

    shown = [
        d
        for d in found
        if not (select and not d.code.startswith(tuple(code.upper() for code in select)))
        and not d.code.startswith(tuple(code.upper() for code in ignore))
    ]
    judge = judge_name(compiler)
    words = ("valid", "invalid", "no verdict") if noun == "example" else ("accepted", "rejected", "no verdict")
    output.print_diagnostics(shown, paths, judge, form, words)
    if shown or not quiet:
        output.say(output.summary(shown, len(paths), noun, judge))
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return ExitCode.FINDINGS if any(d.severity in failing for d in shown) else ExitCode.OK


def _compare(disagreements: Sequence[Any]) -> ExitCode:
    from curator import output

    output.print_json([d.as_dict() for d in disagreements])
    output.say(f"{len(disagreements)} disagreements")
    return ExitCode.FINDINGS if disagreements else ExitCode.OK


def _print_stats(counted: Any) -> None:
    from curator import output

    output.table(
        f"{counted.examples} examples, {counted.lines_of_code} lines of code, median {counted.median_lines:g}",
        ["type", *GENERATIONS],
        [(kind, *by_generation.values()) for kind, by_generation in counted.matrix.items()],
    )
    output.table("", ["topic", *GENERATIONS], [(t, *row.values()) for t, row in counted.topics.items()])
    for label in ("difficulty", "review"):
        output.print_result(f"{label}: " + ", ".join(f"{word} {n}" for word, n in counted.labels[label].items()))
    gaps = ", ".join(f"{kind} x {generation}" for kind, generation in counted.gaps)
    output.print_result(f"gaps (type x generation): {gaps or 'none'}")


def _plain(clusters: Sequence[Any]) -> list[dict[str, object]]:
    from dataclasses import asdict

    return [asdict(cluster) for cluster in clusters]
