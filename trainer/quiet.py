"""Keeps the libraries' progress bars and warnings off the terminal; the warnings go to a log file instead.

A user should see one progress bar and our own messages. What TRL, PEFT and others have to say is in `log.txt` of the
run folder, for the day something looks wrong.
"""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

from trainer.redact import redact


class _Discreet(logging.Formatter):
    """Takes secrets out of every line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


@contextlib.contextmanager
def quiet_libraries(log: Path | None = None) -> Iterator[None]:
    """While this lasts, library messages go to `log` (nowhere with None) and their progress bars are off."""
    handler: logging.Handler = logging.FileHandler(log, encoding="utf-8") if log else logging.NullHandler()
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    hub = logging.getLogger("huggingface_hub")  # keeps its messages to itself, and writes them to stderr
    # Handlers are set aside (a library may have added one); pytest's stay out of it by being put back.
    kept, root.handlers = root.handlers, [handler]
    shown = warnings.showwarning
    logging.captureWarnings(True)
    try:
        # bitsandbytes speaks while it is being imported, so the root logger is set before these imports.
        import datasets
        from transformers.utils import logging as transformers_logging

        datasets.disable_progress_bars()
        transformers_logging.disable_progress_bar()
        transformers_logging.disable_default_handler()
        transformers_logging.enable_propagation()
        spoke, alone = hub.handlers, hub.propagate
        hub.handlers, hub.propagate = [], True
        try:
            yield
        finally:
            hub.handlers, hub.propagate = spoke, alone
    finally:
        logging.captureWarnings(False)
        warnings.showwarning = shown
        root.handlers = kept
        handler.close()
