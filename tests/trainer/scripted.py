"""An arm that answers from a list: a generator like any other, for tests of what happens with given replies."""

from collections.abc import Iterator, Mapping, Sequence

from trainer.evaluation.generate import Finish, Prompt, Reply, Sampling, Tick


class Scripted:
    """Answers prompt number i with `answers[i]`; counts what it was asked; stops dead after `dies_after` replies."""

    def __init__(self, answers: Sequence[str | Reply], name: str = "scripted", dies_after: int | None = None) -> None:
        self.answers = [a if isinstance(a, Reply) else Reply(a, Finish.STOP, len(a) // 3) for a in answers]
        self.name = name
        self.dies_after = dies_after
        self.asked: list[int] = []

    def identity(self) -> Mapping[str, str]:
        return {"provider": "scripted", "name": self.name}

    def generate(
        self, prompts: Sequence[Prompt], wanted: Sequence[int], sampling: Sampling, tick: Tick
    ) -> Iterator[tuple[int, Reply]]:
        for at in reversed(wanted):  # in another order than asked, as batches do
            if self.dies_after is not None and len(self.asked) >= self.dies_after:
                raise KeyboardInterrupt
            self.asked.append(at)
            tick(self.answers[at].tokens)
            yield at, self.answers[at]
