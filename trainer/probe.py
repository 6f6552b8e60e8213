"""The compile probe of stage 1: the model continues a few held-out programs, and the judge says what of it is BBj.

Validation loss says how surprised the model is, not whether what it writes would compile. The probe is cheap and
coarse: greedy, a few files, a few lines each. It must change nothing: no random number is drawn, and the model is left
as it was.
"""

from collections.abc import Sequence
from typing import Any

from curator.diagnostic import Severity
from curator.judge.compiler import CompilerChoice, Source, Status, judge
from trainer import processes
from trainer.choice import ProbeResult
from trainer.config import Probe
from trainer.evaluation.generate import Sampling
from trainer.evaluation.generate_local import decode
from trainer.tokens import END_OF_DOCUMENT, STOP

BEGINNING_TOKENS = 128
"""A beginning is at most this long, and at most half of its program: enough to show what it is about."""


class CompileProbe:
    """The beginnings to be continued; call it with a model."""

    def __init__(self, settings: Probe, tokenizer: Any, documents: Sequence[str]) -> None:
        self._settings = settings
        self._tokenizer = tokenizer
        every = max(1, len(documents) // max(1, settings.files))
        chosen = (beginning(tokenizer, text) for text in [*documents[::every], *documents])
        # Twice the same program would be counted twice; dict.fromkeys keeps the order.
        self.beginnings = list(dict.fromkeys(text for text in chosen if text))[: settings.files]

    def __call__(self, model: Any) -> ProbeResult | None:
        """Greedy continuations of all beginnings, judged. None if the judge gave no verdict on any."""
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        rows = [list(self._tokenizer(text)["input_ids"]) for text in self.beginnings]
        vocabulary = self._tokenizer.get_vocab()
        stop = frozenset(vocabulary[token] for token in (END_OF_DOCUMENT, STOP))
        training, attention = base.training, base.config._attn_implementation
        base.eval()
        try:
            asked = processes.in_step(model) if processes.divide_the_model() else base
            answers = decode(asked, rows, Sampling(max_new_tokens=self._settings.tokens), stop, lambda live: None)
        finally:
            base.train(training)
            base.set_attn_implementation(attention)  # decode takes another one on a CPU
        texts = [self._tokenizer.decode(tokens, skip_special_tokens=True) for tokens, _ in answers]
        ended = [finish.value == "stop" for _, finish in answers]
        if not processes.is_first():
            return processes.from_first(None)  # one compiler is enough
        return processes.from_first(judge_continuations(self.beginnings, texts, ended, self._settings.compiler))


def beginning(tokenizer: Any, text: str) -> str:
    """The first whole lines of a program, at most half of them and BEGINNING_TOKENS; "" if that is not one line."""
    lines = text.splitlines(keepends=True)
    lines = lines[: len(lines) // 2]
    while lines and len(tokenizer("".join(lines))["input_ids"]) > BEGINNING_TOKENS:
        lines.pop()
    return "".join(lines) if any(line.strip() for line in lines) else ""


def judge_continuations(
    beginnings: Sequence[str], continuations: Sequence[str], ended: Sequence[bool], compiler: CompilerChoice
) -> ProbeResult | None:
    """How many continuations have no error in their own lines. None if there is no verdict on any.

    A continuation that did not end by itself loses its last line, which is cut off somewhere. Errors in the lines of
    the beginning do not count: a method that is not closed yet is reported there. A continuation with nothing but
    comments and empty lines is not accepted, or a model that falls silent would be the best.
    """
    pairs = [
        (first, text if end else text[: text.rfind("\n") + 1])
        for first, text, end in zip(beginnings, continuations, ended, strict=True)
    ]
    verdicts = judge([Source(f"probe-{n}.bbj", first + text) for n, (first, text) in enumerate(pairs, 1)], compiler)
    judged = [(pair, v) for pair, v in zip(pairs, verdicts, strict=True) if v.status != Status.NO_VERDICT]
    if not judged:
        return None
    accepted = sum(
        _has_code(text) and not any(d.severity == Severity.ERROR and d.line > first.count("\n") for d in v.diagnostics)
        for (first, text), v in judged
    )
    return ProbeResult(accepted, len(judged), judged[0][1].judge)


def _has_code(text: str) -> bool:
    return any(line.strip() and not line.strip().lower().startswith("rem") for line in text.splitlines())
