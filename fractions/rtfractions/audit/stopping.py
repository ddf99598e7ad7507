"""Being asked to stop, as by Ctrl-C: heard wherever it comes, heeded where nothing is half done."""

from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """A wish that a run should end, which a signal's handler brings and the run heeds.

    An exception that a handler raises may come to nothing, in a destructor or in what a weak reference calls, where
    Python prints and drops it; or it may come while a lock is held that then is held for ever. So the wish is also
    kept: a run looks at it in its loop, and the handler raises nothing while the run says that it looks.
    """

    def __init__(self) -> None:
        self._wish: BaseException | None = None
        self._looks = False

    def ask(self, wish: BaseException) -> None:
        """Ask the run to end with an exception; called by the handler of a signal.

        Raises
        ------
        BaseException
            The wish, at once, unless the run is about to look for it.
        """
        self._wish = wish
        if not self._looks:
            raise wish

    def heed(self) -> None:
        """End here if it was asked for.

        Raises
        ------
        BaseException
            What was asked for.
        """
        if self._wish is not None:
            raise self._wish

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Within it nothing is raised, for locks are taken there; what is asked meanwhile is heeded at its end.

        Raises
        ------
        BaseException
            What was asked for, also before.
        """
        self.heed()
        self._looks = True
        try:
            yield
        finally:
            self._looks = False
            self.heed()  # also before an error: what was asked to stop may have ended the workers too
