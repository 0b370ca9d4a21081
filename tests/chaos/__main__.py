"""Chaos over real processes: `chatbot run` against a simulator, both hurt in every way, and the count after.

    python -m tests.chaos --conversations 300 --kills 10

Exits with 1 if anything was lost, doubled, misordered or stuck, and keeps the logs then.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from random import SystemRandom

import click

from tests.chaos.driver import run
from tests.chaos.plan import Plan, platform
from tests.chaos.report import Outcome, lines

INTERRUPTED = 130


def main() -> int:
    """Run once; the exit code."""
    plan = parse(sys.argv[1:])
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    click.echo(f"plan           {plan}\nplatform       {_told(plan)}")
    try:
        outcome = asyncio.run(_until_signalled(plan, folder))
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo(f"interrupted; logs: {folder}")
        return INTERRUPTED
    except TimeoutError:
        click.echo(f"it did not come to an end; logs: {folder}")
        return 1
    except BaseException:
        click.echo(f"it broke; logs: {folder}")
        raise
    return tell(outcome, folder)


def tell(outcome: Outcome, folder: Path) -> int:
    """Print the report and what is wrong; the exit code. The folder goes if nothing is."""
    wrong = [*map(str, outcome.violations()), *outcome.troubles]
    click.echo("\n".join([*lines(outcome), *wrong]))
    if wrong:
        click.echo(f"logs: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def parse(arguments: list[str]) -> Plan:
    """Read the command line: each field of the plan is an option."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    for field in fields(Plan):
        default = SystemRandom().randrange(1_000_000) if field.name == "seed" else field.default
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=type(field.default), default=default)
    return Plan(**vars(parser.parse_args(arguments)))


async def _until_signalled(plan: Plan, folder: Path) -> Outcome:
    """SIGTERM ends the run as Ctrl-C does: all processes go."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan, folder)


def _told(plan: Plan) -> str:
    options = platform(plan)
    names = ("ack_extension", "answer_first", "events_on_any_reply", "hold_first_connect", "index_step")
    more = ("lost_session", "after_customer_left", "transcript_save_done")
    return ", ".join(f"{name} {getattr(options, name)}" for name in (*names, *more))


if __name__ == "__main__":
    sys.exit(main())
