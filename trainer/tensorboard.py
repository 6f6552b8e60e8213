"""TensorBoard's event files: in the run folder, and without the name of this machine.

Look at them with: tensorboard --logdir runs/one/tensorboard
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER = "tensorboard"


@contextmanager
def tensorboard_in(run_folder: Path) -> Iterator[None]:
    """While this lasts, the Trainer's TensorBoard writes to `run_folder/tensorboard` and nowhere else.

    The Trainer takes the place from the environment only, and TensorBoard names its files by the machine; run folders
    are passed on, so that part is taken out of the names afterwards.
    """
    target = run_folder / FOLDER
    before = os.environ.get("TENSORBOARD_LOGGING_DIR")
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(target)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TENSORBOARD_LOGGING_DIR"]
        else:
            os.environ["TENSORBOARD_LOGGING_DIR"] = before
        for file in target.glob(f"*.{socket.gethostname()}.*"):
            with suppress(
                OSError
            ):  # after an error the file may still be open, which Windows minds; the next one does it
                file.rename(file.with_name(file.name.replace(f".{socket.gethostname()}.", ".")))
