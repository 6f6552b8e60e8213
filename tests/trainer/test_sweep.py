"""`trainer sweep`: the rates, the recommendation, and a real sweep of a tiny model."""

import json

import pytest

from trainer import sweep
from trainer.errors import TrainerError
from trainer.sweep import Trial


def test_rates_are_evenly_spaced_by_factor():
    assert sweep.rates(1e-5, 1e-3, 5) == (1e-5, 3.2e-5, 1e-4, 3.2e-4, 1e-3)
    with pytest.raises(TrainerError, match="lowest to a higher"):
        sweep.rates(1e-3, 1e-5, 5)


def trials(*losses: float | None) -> list[Trial]:
    return [Trial(10.0 ** (n - 5), loss, 3.0) for n, loss in enumerate(losses)]


@pytest.mark.parametrize(
    ("losses", "rate", "next_step"),
    [
        ((2.9, 2.5, 2.0, 2.6), 1e-3, ""),
        ((2.9, 2.01, 2.0, 2.6), 1e-4, ""),  # as good as the best, and smaller
        ((2.9, 2.5, 2.2, 2.0), 1e-2, "higher"),
        ((2.0, 2.5, 2.6, 2.7), 1e-5, "lower"),
        ((2.9, 2.5, 2.0, None), 1e-3, ""),  # above it a run diverged: nothing left to try
        ((None, None), None, "lower"),
        ((3.1, 3.2), None, "lower"),  # no rate is better than no training
        ((float("nan"), 2.0), 1e-4, "higher"),
    ],
)
def test_the_smallest_rate_as_good_as_the_best_is_recommended(losses, rate, next_step):
    advice = sweep.advise(trials(*losses))
    assert advice.rate == (pytest.approx(rate) if rate else None)
    assert next_step in advice.next and (next_step or not advice.next)


@pytest.mark.train
def test_a_sweep_of_a_tiny_model_ends_in_a_plot_and_goes_on_where_it_was(tmp_path):
    pytest.importorskip("torch")
    from tests.trainer import small

    config = small.config(tmp_path)
    heard: list[Trial] = []
    made, advice = sweep.sweep(config, "stage2", (1e-2,), 2, tmp_path / "sweep", heard.append)
    assert heard == made and all(t.loss is not None for t in made) and advice.rate is not None
    read = json.loads((tmp_path / "sweep" / "sweep.json").read_text("utf-8"))
    assert [t["rate"] for t in read["trials"]] == [1e-2] and read["advice"]["rate"] == advice.rate
    assert (tmp_path / "sweep" / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert "recommended" in (tmp_path / "sweep" / "sweep.svg").read_text("utf-8")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "sweep").glob("*/run.json")}
    again, _ = sweep.sweep(config, "stage2", (1e-2,), 2, tmp_path / "sweep")
    assert again == made and before == {p: p.stat().st_mtime_ns for p in (tmp_path / "sweep").glob("*/run.json")}
