"""Replies from a model on this machine, with transformers.

An own decoding loop instead of `model.generate`, for one measured reason: rows that have ended leave the batch. On a
CPU a step costs nearly in proportion to its rows (SmolLM2-135M, one thread: 24 rows 177 ms, 8 rows 100 ms, 1 row
53 ms), and `generate` goes on computing ended rows until the last one ends. The loop does what greedy `generate` does;
a test compares the two token by token.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trainer.errors import TrainerError
from trainer.evaluation.generate import Finish, Prompt, Reply, Sampling, Tick, clean

LOOP_VERSION = "2"
"""Part of the cache key; raised when the loop could give other tokens."""

STOP_TOKENS = ("<|im_end|>", "<|endoftext|>")
BATCH_SIZE = 24
"""SmolLM2-135M, one thread: 93 tokens/s at 8 rows, 130 at 24, 140 at 48; and every batch is a point to resume from."""


FEW_ROWS = 8
"""Up to so many, one thread decodes on a CPU: what a step computes is less than what threads wait for each other. Seen
with SmolLM2-135M on two cores: 6 rows 190 ms a step on two threads that sleep while they wait, 90 ms on one."""


class LocalGenerator:
    """A transformers model. `load` gives (model, tokenizer) and is called only if a reply is really missing."""

    def __init__(
        self, identity: dict[str, str], load: Callable[[], tuple[Any, Any]], batch_size: int = BATCH_SIZE
    ) -> None:
        self._identity = {"provider": "transformers", **identity, "loop": LOOP_VERSION}
        self._load = load
        self._batch_size = batch_size

    def identity(self) -> dict[str, str]:
        return self._identity

    def generate(
        self, prompts: Sequence[Prompt], wanted: Sequence[int], sampling: Sampling, tick: Tick
    ) -> Iterator[tuple[int, Reply]]:
        """Batches of similar length, so that little is padding. The batches are planned over all prompts, wanted or
        not: in bfloat16 a row's numbers depend slightly on its neighbours, and a resumed run must not differ from one
        that was never interrupted.
        """
        model, tokenizer = self._load()
        stop = stop_ids(tokenizer)
        rows = [_ids(tokenizer, prompt) for prompt in prompts]
        _check_room(model, rows, sampling)
        order = sorted(range(len(rows)), key=lambda at: (len(rows[at]), at))
        missing = set(wanted)
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            if missing.isdisjoint(batch):
                continue
            answers = decode(model, [rows[at] for at in batch], sampling, stop, tick)
            for at, (tokens, finish) in zip(batch, answers, strict=True):
                if at in missing:
                    text = clean(tokenizer.decode(tokens, skip_special_tokens=True))
                    yield at, Reply(text, finish, len(tokens))


def decode(
    model: Any, rows: Sequence[list[int]], sampling: Sampling, stop: frozenset[int], tick: Tick, circling: int = 0
) -> list[tuple[list[int], Finish]]:
    """The new tokens of each row, without the stop token, and why they ended. Rows are padded on the left.

    `circling`: a row ends as if at its limit once its last so many tokens are one phrase, repeated; 0 = it goes on.
    """
    import torch

    device = model.device
    if device.type == "cpu" and getattr(model.config, "_attn_implementation", "") == "sdpa":
        # with one query per row, CPU sdpa in bfloat16 is slower than plain matmuls: 177 against 135 ms a step
        model.set_attn_implementation("eager")
    random = torch.Generator(device).manual_seed(sampling.seed)
    longest = max(map(len, rows))
    filler = min(stop)
    ids = torch.tensor([[filler] * (longest - len(row)) + row for row in rows], device=device)  # (B, T)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=device)  # (B, T)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)  # (B, T); the padding does not count
    made: list[list[int]] = [[] for _ in rows]
    finish = [Finish.LENGTH] * len(rows)
    live = list(range(len(rows)))  # live[b] is the row that stands at place b of the batch
    cache = None
    with torch.inference_mode(), _threads_kept():
        for step in range(sampling.max_new_tokens):
            if step and device.type == "cpu" and len(live) <= FEW_ROWS:
                torch.set_num_threads(1)
            out = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = out.past_key_values
            chosen = choose(out.logits[:, -1], sampling, random)  # (B,)
            keep: list[int] = []
            for place, token in enumerate(chosen.tolist()):
                if token in stop:
                    finish[live[place]] = Finish.STOP
                else:
                    made[live[place]].append(token)
                    if not (circling and goes_in_circles(made[live[place]], circling)):
                        keep.append(place)
            tick(len(live))
            if not keep:
                break
            positions = positions[:, -1:] + 1  # (B, 1)
            if len(keep) < len(live):
                places = torch.tensor(keep, device=device)
                cache.batch_select_indices(places)
                chosen, mask, positions = chosen[places], mask[places], positions[places]
                live = [live[place] for place in keep]
            ids = chosen[:, None]  # (B, 1)
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
    return list(zip(made, finish, strict=True))


@contextmanager
def _threads_kept() -> Iterator[None]:
    """As many threads afterwards as before."""
    import torch

    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def goes_in_circles(tokens: Sequence[int], last: int) -> bool:
    """Are the last `last` tokens one phrase, three times or more? A greedy reply does not come out of that again."""
    end = tokens[-last:]
    return len(end) == last and any(end[size:] == end[:-size] for size in range(1, last // 3 + 1))


def choose(logits: Any, sampling: Sampling, random: Any) -> Any:
    """One token for each row, (B, V) -> (B,): the likeliest, or drawn from the nucleus of `top_p`."""
    import torch

    if sampling.temperature == 0:
        return logits.argmax(-1)
    shares, order = torch.softmax(logits.float() / sampling.temperature, dim=-1).sort(dim=-1, descending=True)
    before = shares.cumsum(-1) - shares
    shares = shares.masked_fill(before >= sampling.top_p, 0.0)  # the likeliest always stays: nothing is before it
    return order.gather(-1, torch.multinomial(shares, 1, generator=random)).squeeze(-1)


def stop_ids(tokenizer: Any) -> frozenset[int]:
    """The tokens that end a reply: the end of a turn, and the end of a document, which a base model writes instead."""
    vocabulary = tokenizer.get_vocab()
    found = {vocabulary[token] for token in STOP_TOKENS if token in vocabulary}
    if tokenizer.eos_token_id is not None:
        found.add(int(tokenizer.eos_token_id))
    if not found:
        raise TrainerError(f"the tokenizer has none of {', '.join(STOP_TOKENS)}; replies would never end")
    return frozenset(found)


def _ids(tokenizer: Any, prompt: Prompt) -> list[int]:
    messages = [{"role": message.role, "content": message.content} for message in prompt]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _check_room(model: Any, rows: Sequence[list[int]], sampling: Sampling) -> None:
    room = getattr(model.config, "max_position_embeddings", None)
    longest = max(map(len, rows), default=0)
    if room and longest + sampling.max_new_tokens > room:
        raise TrainerError(
            f"the longest prompt has {longest} tokens; with --max-new-tokens {sampling.max_new_tokens} that is more "
            f"than the model's {room}; lower --max-new-tokens or leave the case out"
        )
