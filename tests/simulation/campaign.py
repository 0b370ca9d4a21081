"""The command: many seeds, all crash points, mutants, the real HTTP client, many days; or one seed again."""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import Plan, crash_plan, plain_plan, plan_of
from tests.simulation.run import Result, simulate
from tests.simulation.soak import soak
from tests.simulation.timeline import head

__all__ = ["main"]

Seeds = Sequence[int]
Points = tuple[int, ...]

_COMMAND = ".venv/bin/python -W ignore -m tests.simulation"
_CHUNK = 20
_PAIRS = 25
# seeds that have failed, by what they draw without turns and with them
_PAST = (984676377, 793640666, 221498279, 221501243, 891251382)
_MOST_SHOWN = 20
_CRASH_SCENARIOS = 10
_MOST_MUTANT_RUNS = 400
_SHOWN = ("replies", "requests", "faulted requests", "kills", "restart", "failover", "given up")
_HARM = ("lost", "doubled", "misordered")


@dataclass(slots=True)
class Tally:
    """What a part of the campaign came to."""

    runs: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def add(self, name: str, result: Result) -> None:
        self.runs += 1
        self.counts += result.counts
        self.counts.update({finding.partition(":")[0] for finding in result.findings})
        if result.findings:
            self.failures.append((name, result.findings))

    def merge(self, other: Tally) -> None:
        self.runs += other.runs
        self.counts += other.counts
        self.failures += other.failures


def main() -> None:
    """Parse arguments, run, and exit with 1 if an invariant was violated."""
    options = _parser().parse_args()
    if options.replay is not None:
        plan = plain_plan(options.replay) if options.plain else plan_of(options.replay)
        sys.exit(_replay(plan, options.mutant, is_real_http=options.real_http))
    if options.crash is not None:
        plan = crash_plan(*map(int, options.crash.split(":")))
        sys.exit(_show(plan, simulate(plan, is_traced=True)))
    base = options.base if options.base is not None else secrets.randbelow(10**9)
    _say(f"base {base}")
    works = list(_works(options, base))
    sys.exit(max([work() for work in works], default=0))


def _works(options: argparse.Namespace, base: int) -> Iterator[Callable[[], int]]:
    until = time.monotonic() + options.minutes * 60 if options.minutes else None
    if options.seeds or until is not None:
        yield partial(_campaign, _PAST, options.jobs, None, _some_past, "--plain --replay")
        yield partial(_campaign, _PAST, options.jobs, None, _some_seeds, "--replay")
        seeds = options.seeds or 10**9
        yield partial(_campaign, range(base, base + seeds), options.jobs, until, _some_seeds, "--replay")
    if options.crash_points:
        yield partial(_crash_points, range(_CRASH_SCENARIOS), options.jobs)
    if options.httpx:
        seeds = range(base, base + options.httpx)
        yield partial(_campaign, seeds, options.jobs, None, _some_real, "--real-http --replay")
    if options.mutants:
        yield partial(_mutants, base, options.jobs)
    if options.days:
        yield partial(soak, options.days, base)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=0, help="how many runs of the swarm")
    parser.add_argument("--base", type=int, help="the first seed; else drawn, and printed")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop the swarm after so long")
    parser.add_argument("--crash-points", action="store_true", help="kill at every point of 10 scenarios")
    parser.add_argument("--mutants", action="store_true", help="planted bugs must be caught")
    parser.add_argument("--httpx", type=int, default=0, help="how many runs with the real HTTP client")
    parser.add_argument("--days", type=int, default=0, help="one bot for so many days, and nothing may grow")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one run, with its timeline")
    parser.add_argument("--plain", action="store_true", help="with --replay: faults and customers only")
    parser.add_argument(
        "--crash", metavar="SCENARIO:POINT[:POINT]", help="one crash point, or one of two lives"
    )
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="with --replay: plant this bug")
    parser.add_argument("--real-http", action="store_true", help="with --replay: the real HTTP client")
    return parser


# the swarm


def _campaign(
    seeds: Seeds, jobs: int, until: float | None, work: Callable[[Seeds], Tally], replay: str
) -> int:
    began, total = time.monotonic(), Tally()
    chunks = (seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK))
    for tally in _in_processes(work, chunks, jobs, until):
        total.merge(tally)
    took = time.monotonic() - began
    _say(f"{work.__doc__}: {total.runs} runs in {took:.1f} s, {total.runs / took:.1f} runs/s")
    _say("  " + ", ".join(f"{total.counts[name]} {name}" for name in (*_SHOWN, *_HARM)))
    return _verdict(total, replay)


def _some_past(seeds: Seeds) -> Tally:
    """Past failures"""
    tally = Tally()
    with _gathering():
        for seed in seeds:
            tally.add(str(seed), simulate(plain_plan(seed)))
    return tally


def _some_seeds(seeds: Seeds) -> Tally:
    """Swarm"""
    tally = Tally()
    with _gathering():
        for seed in seeds:
            tally.add(str(seed), simulate(plan_of(seed)))
    return tally


def _some_real(seeds: Seeds) -> Tally:
    """Real HTTP client"""
    tally = Tally()
    with _gathering():
        for seed in seeds:
            tally.add(str(seed), simulate(plan_of(seed), is_real_http=True))
    return tally


def _verdict(total: Tally, replay: str) -> int:
    for name, findings in sorted(total.failures)[:_MOST_SHOWN]:
        _say(f"FAILED {_COMMAND} {replay} {name}\n    {findings[0][:200]}")
    if len(total.failures) > _MOST_SHOWN:
        _say(f"  and {len(total.failures) - _MOST_SHOWN} more")
    return 1 if total.failures else 0


def _in_processes(
    work: Callable[[Seeds], Tally], chunks: Iterable[Seeds], jobs: int, until: float | None
) -> Iterator[Tally]:
    """The results of all chunks; those whose time does not come are left out."""
    with ProcessPoolExecutor(jobs) as pool:
        running, rest = [], iter(chunks)
        while True:
            late = until is not None and time.monotonic() > until
            while not late and len(running) < 2 * jobs and (chunk := next(rest, None)) is not None:
                running.append(pool.submit(work, chunk))
            if not running:
                return
            yield running.pop(0).result()


# crash points


def _crash_points(scenarios: range, jobs: int) -> int:
    began, total = time.monotonic(), Tally()
    points = [(seed, simulate(crash_plan(seed)).points) for seed in scenarios]
    chunks = [
        (seed, [(point,) for point in range(at, min(at + _CHUNK, last + 1))])
        for seed, last in points
        for at in range(1, last + 1, _CHUNK)
    ]
    chunks += [(seed, _pairs(seed, last)) for seed, last in points]
    with ProcessPoolExecutor(jobs) as pool:
        for tally in pool.map(_some_points, chunks):
            total.merge(tally)
    took = time.monotonic() - began
    good = total.runs - len(total.failures)
    _say(f"Crash points: {good} of {total.runs} recovered in {took:.1f} s, {total.counts['kills']} kills")
    return _verdict(total, "--crash")


def _pairs(seed: int, last: int) -> list[Points]:
    """Some crashes after which the next life crashes too, while it recovers or later."""
    rng = random.Random(seed * 16 + 11)
    return [(rng.randint(1, last), rng.randint(1, last)) for _ in range(_PAIRS)]


def _some_points(chunk: tuple[int, list[Points]]) -> Tally:
    seed, all_points = chunk
    tally = Tally()
    with _gathering():
        for points in all_points:
            name = ":".join(map(str, (seed, *points)))
            tally.add(name, simulate(crash_plan(seed, *points)))
    return tally


# mutants


def _mutants(base: int, jobs: int) -> int:
    missed = []
    with ProcessPoolExecutor(jobs) as pool:
        results = pool.map(partial(_hunt, base=base), MUTANTS)
        for name, (runs, finding) in zip(MUTANTS, results, strict=True):
            caught = f"caught after {runs} runs: {finding[:110]}" if finding else f"NOT caught in {runs} runs"
            _say(f"  {name}: {caught}")
            missed += [] if finding else [name]
    _say(f"Mutants: {len(MUTANTS) - len(missed)} of {len(MUTANTS)} caught")
    return 1 if missed else 0


def _hunt(name: str, base: int) -> tuple[int, str]:
    """How many runs it takes until the planted bug is found, and by what.

    Raises:
        AttributeError: The bot has changed: there is no such place any more.
    """
    plans = (plan for seed in itertools.count(base) if MUTANTS[name].suits(plan := plan_of(seed)))
    with _gathering():
        for runs, plan in enumerate(itertools.islice(plans, _MOST_MUTANT_RUNS), 1):
            with MUTANTS[name].planted():
                findings = simulate(plan).findings
            if findings and (new := _kinds(findings) - _kinds(simulate(plan).findings)):
                return runs, next(one for one in findings if _kinds([one]) <= new)
    return _MOST_MUTANT_RUNS, ""


def _kinds(findings: Iterable[str]) -> set[str]:
    return {finding.partition(":")[0] for finding in findings}


# one run again


def _replay(plan: Plan, mutant: str | None, *, is_real_http: bool) -> int:
    with MUTANTS[mutant].planted() if mutant is not None else nullcontext():
        return _show(plan, simulate(plan, is_traced=True, is_real_http=is_real_http))


def _show(plan: Plan, result: Result) -> int:
    for line in (*head(plan), *result.timeline):
        _say(line)
    for finding in result.findings:
        _say(f"VIOLATED {finding}")
    if not result.findings:
        _say("all invariants hold")
    return 1 if result.findings else 0


@contextmanager
def _gathering() -> Iterator[None]:
    """What was there before the runs is not looked through again and again."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
