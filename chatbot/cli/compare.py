"""``chatbot compare``: what bots in shadow would have done, beside what humans did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from chatbot.cli.common import counted, fail, load_settings, printable
from chatbot.model.comparison import ComparedChat
from chatbot.service.shadow_summary import BotSummary, Example, Handovers, PluginSummary, summarise

__all__ = ["compare"]

_MOST_BROKEN = 5
_LONGEST = 200
_NARROWEST = 80


def compare(config: Path, files: Sequence[Path], *, form: str, examples: int) -> None:
    """Summarise these files, or that of bots.toml; ends with exit code 2 if they cannot be used."""
    files = files or (_configured(config),)
    broken: list[str] = []
    summaries = summarise(_chats(files, broken), examples=examples)
    _tell_broken(broken)
    if not summaries:
        nothing = ", ".join(str(file) for file in files)
        fail(f"{nothing}  holds no chat\n  fix: name a file that [service] shadow_reports has filled")
    if form == "json":
        click.echo(json.dumps([asdict(summary) for summary in summaries], indent=2))
        return
    for summary in summaries:
        _show(summary)


def _configured(config: Path) -> Path:
    path = load_settings(config).service.shadow_reports
    if not path:
        fail(
            f"{config}  [service]  has no shadow_reports, and no FILE is given\n"
            '  fix: shadow_reports = "shadow.jsonl" in [service], or chatbot compare FILE'
        )
    return Path(path)


# reading


def _chats(files: Iterable[Path], broken: list[str]) -> Iterator[ComparedChat]:
    """The chats of all files; lines that hold none go to ``broken``."""
    for file in files:
        try:
            with file.open("rb") as lines:
                yield from _of(file, lines, broken)
        except OSError as exc:
            fail(f"{file}  cannot be read: {exc.strerror or exc}{_hint(file)}")


def _hint(file: Path) -> str:
    return "" if file.exists() else "\n  fix: it is written when the first chat of a bot in shadow has ended"


def _of(file: Path, lines: Iterable[bytes], broken: list[str]) -> Iterator[ComparedChat]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield ComparedChat.model_validate_json(line)
        except ValidationError as exc:
            is_cut = not line.endswith(b"\n")
            why = "the last line is cut off" if is_cut else _why(exc)
            broken.append(f"{file}:{number}  was left out: {why}")


def _why(exc: ValidationError) -> str:
    error = exc.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}" if place else error["msg"]


def _tell_broken(broken: Sequence[str]) -> None:
    for told in broken[:_MOST_BROKEN]:
        click.echo(printable(told), err=True)
    if len(broken) > _MOST_BROKEN:
        click.echo(f"and {counted(len(broken) - _MOST_BROKEN, 'line')} more", err=True)


# for people


def _show(summary: BotSummary) -> None:
    partial = f", {summary.partial} of them not from the begin" if summary.partial else ""
    heard = f"{counted(summary.chats, 'chat')}{partial}; the customer spoke {counted(summary.turns, 'time')}"
    _write(f"[bots.{summary.bot}]  {heard}")
    _print(_answers(summary), _plugins(summary.plugins))
    if summary.least_alike:
        _write("Least alike:")
        for example in summary.least_alike:
            _show_example(example)
    _write("")


def _answers(it: BotSummary) -> Table:
    last = f"  ({it.only_bot_at_end} with the customer's last words)" if it.only_bot_at_end else ""
    table = Table(show_header=False, box=None, pad_edge=False)
    rows = (
        ("answered by a human, and by the bot", _share(it.both, it.turns)),
        ("only by a human", _share(it.only_human, it.turns)),
        ("only by the bot", _share(it.only_bot, it.turns) + last),
        ("by nobody", _share(it.neither, it.turns)),
        ("likeness of the answers, median", _number(it.likeness)),
        ("until a human answers, median", _seconds(it.human_seconds)),
        ("until the bot answers, median", _seconds(it.bot_seconds)),
        ("the bot is earlier by, median", _seconds(it.earlier_by)),
        ("passed on (chats)", _handovers(it.handovers)),
        ("not done live either (actions)", str(it.held_back)),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _plugins(plugins: Sequence[PluginSummary]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("plugin", "answers first", "so did a human", "likeness", "earlier by", "passes on"):
        table.add_column(head, overflow="fold")
    for it in plugins:
        agreed, alone = it.handovers.both, it.handovers.only_bot + it.handovers.unclear
        table.add_row(
            printable(it.plugin),
            str(it.answers),
            str(it.answered_by_both),
            _number(it.likeness),
            _seconds(it.earlier_by),
            f"{agreed + alone} ({agreed} agreed)",
        )
    return table


def _handovers(it: Handovers) -> str:
    unclear = f", unclear {it.unclear}" if it.unclear else ""
    return f"both {it.both}, only bot {it.only_bot}, only human {it.only_human}{unclear}"


def _show_example(example: Example) -> None:
    place = f"chat {example.chat}, index {example.index}"
    _write(f"  {example.likeness:.2f}  {place}  {example.plugin}")
    for who, text in (("customer", example.customer), ("bot", example.bot), ("human", example.human)):
        if text is not None:
            _write(f"        {who:8}  {_shortened(text)}")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def _share(count: int, total: int) -> str:
    return f"{count} ({count / total:.0%})" if total else str(count)


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"


def _write(text: str) -> None:
    click.echo(printable(text))


def _print(*tables: Table) -> None:
    console = Console(markup=False, highlight=False)
    # a pipe has no width: nothing is to be cut off there
    console.width = max(_NARROWEST, console.width if console.is_terminal else 0)
    for table in tables:
        if table.row_count:
            console.print(table)
