"""Tells the service manager how the service is: the protocol of systemd's ``Type=notify``, sd_notify(3).

The messages come from the event loop itself. When it stands still they stop, and a unit with
``WatchdogSec=`` has the process started again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

from chatbot.service.supervisor import Service

__all__ = ["ServiceManager", "status", "telling"]

log = logging.getLogger(__name__)

# Far below half of any sensible WatchdogSec=: a plugin may block the loop for nearly all of that time.
_EVERY_S = 1.0
_AT_FIRST_S = 0.05
_NAMED, _LONGEST = 3, 400
_MICROSECONDS = 1_000_000


class ServiceManager:
    """Whoever has started this process and wants to hear of it; perhaps nobody.

    Args:
        address: The socket to tell, with ``@`` before an abstract name; empty if nobody listens.
        watchdog_s: After so much silence the process is ended; 0 for never.
    """

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @classmethod
    def of(cls, environment: MutableMapping[str, str], pid: int) -> ServiceManager:
        """The one that the environment names. It is taken out, so that no other program speaks for this one.

        Args:
            environment: Of the process.
            pid: Its number: the watchdog may be meant for another.
        """
        address = environment.pop("NOTIFY_SOCKET", "")
        watchdog = environment.pop("WATCHDOG_USEC", "")
        guarded = environment.pop("WATCHDOG_PID", str(pid))
        if not address.startswith(("/", "@")):
            return cls()
        counts = watchdog.isascii() and watchdog.isdigit() and guarded == str(pid)
        return cls(address, int(watchdog) / _MICROSECONDS if counts else 0.0)

    @property
    def every_s(self) -> float:
        """From one message to the next, at most half of what the watchdog allows."""
        return min(_EVERY_S, self.watchdog_s / 2) if self.watchdog_s else _EVERY_S

    def tell(self, **facts: object) -> bool:
        """Send these facts; whether they were taken. It never waits: there will be a next message."""
        if not self._address:
            return False
        message = "\n".join(f"{name}={value}" for name, value in facts.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as mouth:
                mouth.settimeout(0.0)
                mouth.connect(self._address)
                mouth.send(message.encode())
        except OSError as error:
            log.debug("the service manager was not told: %s", error)
            return False
        return True

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self._address)


@contextmanager
def telling(manager: ServiceManager, service: Service, longest_stop_s: float) -> Iterator[None]:
    """Keep the manager informed inside the block, and tell at its end that the service stops.

    Args:
        manager: Who wants to know.
        service: Runs in this event loop.
        longest_stop_s: What a stop may take.
    """
    if not manager:
        yield
        return
    report = _Report(manager, service, longest_stop_s)
    report.turn()
    try:
        yield
    finally:
        report.end()


class _Report:
    """What the manager knows already, and the next turn of the loop that will tell more."""

    def __init__(self, manager: ServiceManager, service: Service, longest_stop_s: float) -> None:
        self._manager = manager
        self._service = service
        self._stop_us = round(longest_stop_s * _MICROSECONDS)
        self._loop = asyncio.get_running_loop()
        self._is_up = False
        self._is_stopping = False

    def turn(self) -> None:
        """Tell what is new, and that the loop turns."""
        if self._service.is_stopping:
            self._stopping()
        # a server in trouble, or a damaged journal, is no reason to be started again
        is_at_work = self._service.has_begun or bool(self._service.journal_trouble)
        begins = is_at_work and not self._is_up and not self._service.is_stopping
        news = {"READY": 1} if begins else {}
        alive = {"WATCHDOG": 1} if self._manager.watchdog_s else {}
        told = self._manager.tell(**news, STATUS=status(self._service), **alive)
        self._is_up = self._is_up or (begins and told)
        pause_s = self._manager.every_s
        self._timer = self._loop.call_later(pause_s if self._is_up else min(pause_s, _AT_FIRST_S), self.turn)

    def end(self) -> None:
        """Nothing more will come."""
        self._timer.cancel()
        self._stopping()

    def _stopping(self) -> None:
        """Once; with the time that it takes, whatever the unit allows."""
        if not self._is_stopping:
            self._is_stopping = self._manager.tell(STOPPING=1, EXTEND_TIMEOUT_USEC=self._stop_us)


def status(service: Service) -> str:
    """One line: how many bots are ready, and what is wrong with the first of the others."""
    problems = {name: reasons for name, reasons in service.problems().items() if reasons}
    count = len(service.bots)
    line = f"{count - len(problems)} of {count} bots ready"
    named = [f"{name}: {_why(reasons)}" for name, reasons in list(problems.items())[:_NAMED]]
    more = [f"{len(problems) - _NAMED} more"] if len(problems) > _NAMED else []
    return _one_line("; ".join([f"{line}: {named[0]}", *named[1:], *more]) if named else line)


def _why(reasons: list[str]) -> str:
    """The first step that is missing, and the last thing that went wrong."""
    return ", ".join(dict.fromkeys((reasons[0], reasons[-1])))


def _one_line(text: str) -> str:
    """What a server said must not pass for another fact."""
    return "".join(char if char.isprintable() else " " for char in text)[:_LONGEST]
