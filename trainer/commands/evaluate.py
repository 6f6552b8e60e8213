"""`trainer eval`: base and tuned model, and any other arm, on the same cases.

Try it: trainer eval runs/smollm2-135m-1 --limit 10
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from curator.errors import ExitCode
from trainer.hashes import hash_file, hash_text

ARM_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,39}", re.ASCII)
"""Names stand in tables and pictures: short, and nothing that has a meaning there."""

# What needs torch, NumPy or much time to import is imported inside: `trainer eval --help` answers at once.


@click.command("eval")
@click.argument("run_folder", type=click.Path(path_type=Path))
@click.option("--cases", default="suite", show_default=True, help='"suite", a TOML or a JSON Lines file of cases.')
@click.option(
    "--arm",
    "arms",
    multiple=True,
    metavar="ARM",
    help='"base", "tuned" or NAME=http://host:port/v1#model. [base, tuned]',
)
@click.option(
    "--compiler",
    type=click.Choice(["auto", "bbjcpl", "builtin", "bbj-ls"]),
    default="auto",
    show_default=True,
    help="Who judges: bbjcpl where it is installed, else the built-in checker.",
)
@click.option("--limit", default=0, metavar="N", help="Only N cases, spread over the file.")
@click.option("--max-new-tokens", default=256, show_default=True, help="Budget of a reply, the same for all arms.")
@click.option("--temperature", default=0.0, show_default=True, help="0 is greedy: no chance in it.")
@click.option("--top-p", default=1.0, show_default=True, help="Draw from the likeliest tokens of this share.")
@click.option("--seed", default=0, show_default=True, help="Of the sampling and of the bootstrap.")
@click.option("--batch", default=0, metavar="N", help="Rows at once in a local model. [24]")
@click.option("--parallel", default=1, show_default=True, help="Questions at once to a server.")
@click.option("--request-option", "options", multiple=True, metavar="KEY=JSON", help="Sent to servers, as top_k=1.")
@click.option("--data", type=click.Path(path_type=Path), help="The dataset the run was trained on, if it has moved.")
@click.option("--allow-leaks", is_flag=True, help="Go on though cases are in the training data, or nobody can tell.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the report. [RUN_FOLDER/evaluation]")
def eval_command(
    run_folder: Path,
    cases: str,
    arms: tuple[str, ...],
    compiler: Any,
    limit: int,
    max_new_tokens: int,
    temperature: float,
    top_p: float,
    seed: int,
    batch: int,
    parallel: int,
    options: tuple[str, ...],
    data: Path | None,
    allow_leaks: bool,
    out: Path | None,
) -> ExitCode:
    """Measure compile@1 of the base and the tuned model of RUN_FOLDER and write a report.

    A key for a server is read from TRAINER_API_KEY. Replies are kept in the report's folder: the same command asks
    nothing twice and goes on where it was stopped.
    """
    from curator import output
    from curator.judge.compiler import judge_name
    from trainer.evaluation import report
    from trainer.evaluation.cases import load_cases
    from trainer.evaluation.evaluate import evaluate
    from trainer.evaluation.generate import ReplyCache, Sampling
    from trainer.record import read_record

    if max_new_tokens < 1 or temperature < 0 or not 0 < top_p <= 1 or parallel < 1 or min(batch, limit) < 0:
        raise click.UsageError("budget and parallel from 1, temperature from 0, top-p above 0 up to 1, others from 0")
    case_set = load_cases(cases, limit)
    run = read_record(run_folder)
    chosen = _arms(arms or ("base", "tuned"), run_folder, batch, parallel, options)
    audit, trained = _audit(case_set.cases, data or _dataset(run_folder), run, allow_leaks)
    if audit.leaks:
        output.table(
            "cases that stand in the training data",
            ["case", "what", "where", "similarity", "contained"],
            [
                (leak.case, leak.what, f"{leak.file}: {leak.id}", f"{leak.similarity:.2f}", f"{leak.containment:.2f}")
                for leak in audit.leaks
            ],
        )
        if not allow_leaks:
            leaked = len({leak.case for leak in audit.leaks})
            output.say(
                f"{leaked} of {len(case_set.cases)} cases stand in the training data; "
                "take them out of the data and train again, or measure all the same with --allow-leaks"
            )
            return ExitCode.FINDINGS
    target = out or run_folder / "evaluation"
    cache = ReplyCache(target / "replies.jsonl")
    output.say(
        f"{len(case_set.cases)} cases, judge {judge_name(compiler)}"
        + (f"; {case_set.left_out} rows ask for no program and are left out" if case_set.left_out else "")
    )
    sampling = Sampling(max_new_tokens, temperature, top_p, seed)
    with _progress([arm.name for arm in chosen], len(case_set.cases)) as (tick, done):
        evaluation = evaluate(case_set, chosen, cache, sampling, compiler, trained, audit, tick, done)
    written = report.write(evaluation, target, run, _read_metrics(run_folder))
    report.print_tables(written)
    output.say(f"report: {(target / 'report.html').as_posix()}")
    return ExitCode.OK


def _arms(wanted: Sequence[str], run_folder: Path, batch: int, parallel: int, options: Sequence[str]) -> list[Any]:
    from trainer.errors import TrainerError
    from trainer.evaluation.evaluate import Arm
    from trainer.evaluation.generate_endpoint import Endpoint, EndpointGenerator

    arms = []
    for word in wanted:
        if word in ("base", "tuned"):
            arms.append(Arm(word, _local(word, run_folder, batch)))
            continue
        name, found, address = word.partition("=")
        url, found_model, model = address.partition("#")
        if not (ARM_NAME.fullmatch(name) and found and url and found_model and model):
            raise click.UsageError(f'--arm {word}: write "base", "tuned" or NAME=http://127.0.0.1:8080/v1#model')
        arms.append(Arm(name, EndpointGenerator(Endpoint(url, model, _request_options(options), parallel=parallel))))
    names = [arm.name for arm in arms]
    if len(set(names)) < len(names):
        raise TrainerError(f"two arms have the same name: {', '.join(names)}")
    return arms


def _local(word: str, run_folder: Path, batch: int) -> Any:
    """The base or the tuned model of a run; loaded only if one of its replies is missing."""
    from trainer.evaluation.generate_local import BATCH_SIZE, LocalGenerator
    from trainer.machine import set_threads
    from trainer.model import last_adapter, load_base, load_tokenizer, load_tuned, model_hash, public_name, run_config
    from trainer.quiet import quiet_libraries
    from trainer.tokens import CHAT_TEMPLATE

    config = run_config(run_folder)
    identity = {
        "model": public_name(config),
        "weights": model_hash(config),
        "dtype": config.model.dtype,
        "quantization": config.model.quantization,
        "template": "sha256:" + hash_text(CHAT_TEMPLATE),
    }
    # An adapter folded into 16-bit weights is what is exported, and quicker; into 4-bit weights it would lose too much.
    merge = config.model.quantization == "none"
    if word == "tuned":
        identity["adapter"] = _adapter_hash(last_adapter(run_folder))
        identity["merged"] = str(merge).lower()

    def load() -> tuple[Any, Any]:
        set_threads(config.run.threads)
        with quiet_libraries():
            model = load_base(config) if word == "base" else load_tuned(run_folder, merge=merge)
            return model, load_tokenizer(config)

    return LocalGenerator(identity, load, batch or BATCH_SIZE)


def _audit(
    cases: Sequence[Any], dataset: Path | None, run: Mapping[str, Any], allow_leaks: bool
) -> tuple[Any, frozenset[str]]:
    """The leak audit and the lines that were trained on. Without training data: an error, or an audit that says so."""
    from trainer.errors import TrainerMissingError
    from trainer.evaluation.evaluate import Audit
    from trainer.evaluation.leaks import find_leaks, training_lines, training_texts

    folder = dataset or Path("dataset")
    try:
        texts = list(training_texts(folder))
    except TrainerMissingError:
        if allow_leaks:
            return Audit(None), frozenset()
        raise
    leaks = tuple(find_leaks(cases, iter(texts)))
    return Audit(len(texts), leaks, _same_data(folder, run)), training_lines(folder)


def _same_data(dataset: Path, run: Mapping[str, Any]) -> bool:
    """False if run and dataset both say what they are, and say different things."""
    from curator.dataset.build import MANIFEST, read_manifest

    trained_on = run.get("hashes", {}).get("dataset")
    if not trained_on or not (dataset / MANIFEST).is_file():
        return True
    return bool(read_manifest(dataset).get("content_hash") == trained_on)


def _dataset(run_folder: Path) -> Path | None:
    from trainer.model import run_config

    folder = run_config(run_folder).data.folder
    return Path(folder) if folder else None


def _read_metrics(run_folder: Path) -> list[dict[str, Any]]:
    from trainer.plots import read_metrics

    return read_metrics(run_folder) if (run_folder / "metrics.jsonl").is_file() else []


def _request_options(options: Sequence[str]) -> dict[str, Any]:
    values = {}
    for option in options:
        key, found, value = option.partition("=")
        try:
            values[key] = json.loads(value)
        except ValueError:
            found = ""
        if not key or not found:
            raise click.UsageError(f"--request-option {option}: write KEY=JSON, as in top_k=1 or cache_prompt=false")
    return values


def _adapter_hash(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.name.startswith("adapter_"))
    return "sha256:" + hash_text("".join(f"{path.name} sha256:{hash_file(path)}\n" for path in files))


@contextmanager
def _progress(names: Sequence[str], cases: int) -> Iterator[tuple[Any, Any]]:
    """A bar for each arm on stderr: a bar on a terminal, a line for each arm elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from curator import output

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("replies  {task.fields[speed]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks = {name: bar.add_task(name, total=cases, start=False, speed="") for name in names}
    started: dict[str, float] = {}
    tokens: dict[str, int] = {}
    ready: dict[str, int] = {}

    def tick(name: str, count: int) -> None:
        tokens[name] = tokens.get(name, 0) + count
        bar.update(tasks[name], speed=f"{tokens[name] / (time.monotonic() - started[name] + 1e-9):.0f} tokens/s")

    def done(name: str, count: int) -> None:
        if name not in started:
            started[name] = time.monotonic()
            bar.start_task(tasks[name])
            if count < cases and not console.is_terminal:
                output.say(f"{name}: {count} of {cases} replies are there, asking for the others")
        ready[name] = ready.get(name, 0) + count
        bar.update(tasks[name], completed=ready[name])
        if ready[name] == cases and not console.is_terminal:
            seconds = time.monotonic() - started[name]
            made = f", {tokens[name]} tokens in {seconds:.0f} s" if name in tokens else ", none new"
            output.say(f"{name}: {cases} replies{made}")

    with bar:
        yield tick, done
