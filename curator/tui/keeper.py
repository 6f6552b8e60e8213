"""Keeps the draft of one editor on disk, without the editor ever waiting for the disk. No Textual here."""

import asyncio

from curator.editing.drafts import Journal


class DraftKeeper:
    """One journal, one writer at a time. `error` says why the draft is not on disk, "" if it is.

    After a full disk the next call tries again, so the draft is back as soon as there is room.
    """

    def __init__(self, journal: Journal, root: str) -> None:
        self.error = ""
        self._journal = journal
        self._root = root
        self._kept: str | None = None
        self._busy = False
        self._given_up = False

    @property
    def busy(self) -> bool:
        """True while something is being written."""
        return self._busy

    def go_on(self) -> None:
        """The author types again after leaving was called off: keep the draft again."""
        self._given_up = False

    async def keep(self, text: str, dirty: bool, path: str, topic: str, base: str | None) -> None:
        """Bring the draft on disk up to date: write it, or remove it if nothing would be lost (`dirty` is False)."""
        await self._turn()
        try:
            if self._given_up or text == self._kept or (not dirty and self._kept is None):
                return
            if not dirty:
                await asyncio.to_thread(self._journal.discard)
                self._kept, self.error = None, ""
                return
            # in a thread: an fsync on a busy disk may take seconds
            await asyncio.to_thread(self._journal.write, self._root, path, topic, base, text)
            self._kept, self.error = text, ""
        except OSError as failed:
            self.error = failed.strerror or "it cannot be written"
        finally:
            self._busy = False

    async def forget(self, for_good: bool = False) -> None:
        """Remove the draft: it was saved. With `for_good` nothing is kept afterwards either."""
        self._given_up = for_good
        await self._turn()  # a draft written after this would come back from the dead
        try:
            await asyncio.to_thread(self._journal.discard)
            self._kept = None
        finally:
            self._busy = False

    def let_go(self) -> None:
        """Leave the draft on disk to be recovered, and keep nothing more."""
        self._given_up = True
        self._journal.close()

    async def _turn(self) -> None:
        while self._busy:  # two writers would share one temporary file
            await asyncio.sleep(0.01)
        self._busy = True
