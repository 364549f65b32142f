"""Who may see the pages: a start token that works once, and the one session it is exchanged for."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

START_SECONDS: Final = 15 * 60
IDLE_SECONDS: Final = 30 * 60
LONGEST_SECONDS: Final = 8 * 60 * 60
ATTEMPTS, PER_SECONDS = 10, 60


@dataclass
class Session:
    """A browser that showed the start token.

    Attributes:
        cookie: What the browser sends with every request.
        token: What each form sends back; no other page can know it.
        begun: When it began.
        used: When it was last used.
    """

    cookie: str
    token: str
    begun: float
    used: float

    def is_over(self, now: float) -> bool:
        """True after too long a time, too long a pause, or when the clock was set back."""
        return not (self.begun <= self.used <= now < self.begun + LONGEST_SECONDS) or (
            now >= self.used + IDLE_SECONDS
        )


@dataclass
class Attempts:
    """Counts what failed, so that nobody can try many.

    Example:
        >>> tried = Attempts(clock=lambda: 0.0)
        >>> for _ in range(9): tried.failed()
        >>> tried.too_many, tried.failed(), tried.too_many
        (False, None, True)
    """

    clock: Callable[[], float] = time.time
    times: deque[float] = field(default_factory=lambda: deque[float](maxlen=ATTEMPTS))

    def failed(self) -> None:
        self.times.append(self.clock())

    @property
    def too_many(self) -> bool:
        """True when as many failed within the last minute as may."""
        return len(self.times) == ATTEMPTS and abs(self.clock() - self.times[0]) < PER_SECONDS


class Doors:
    """At most one start token and one session at a time; when the last session ends, a new token is told.

    Args:
        announce: Told each new start token; the terminal, never a page.
        clock: Seconds.
    """

    def __init__(self, announce: Callable[[str], None], clock: Callable[[], float] = time.time) -> None:
        self._announce, self._clock = announce, clock
        self._start, self._made = "", 0.0
        self._session: Session | None = None
        self.tokens, self.decisions = Attempts(clock), Attempts(clock)

    def let_in(self) -> None:
        """Make a new start token; one before it ends."""
        self._start, self._made = secrets.token_urlsafe(32), self._clock()
        self._announce(self._start)

    def enter(self, start: str) -> Session | None:
        """The session for a start token, which ends with it; None for any other text."""
        self._end_what_is_over()
        good = self._start and secrets.compare_digest(start.encode(), self._start.encode())
        if self.tokens.too_many or not good:
            self.tokens.failed()
            return None
        now = self._clock()
        self._start = ""
        self._session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32), now, now)
        return self._session

    def session(self, cookie: str) -> Session | None:
        """The session of a cookie, used now; None when there is none, or none any more."""
        self._end_what_is_over()
        found = self._session
        if found is None or not secrets.compare_digest(cookie.encode(), found.cookie.encode()):
            return None
        found.used = self._clock()
        return found

    def leave(self) -> None:
        """End the session."""
        self._session = None
        self.let_in()

    def _end_what_is_over(self) -> None:
        now = self._clock()
        stale = bool(self._start) and not self._made <= now < self._made + START_SECONDS
        if stale or (self._session and self._session.is_over(now)):
            self.leave()
