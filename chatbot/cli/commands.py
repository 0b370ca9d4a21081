"""The command line: what each command is called, what it takes, and which function it calls.

A command imports what it needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from chatbot.cli.options import Where, as_json, configured, pairs, running, url
from chatbot.cli.signals import Signals

__all__ = ["main"]

_PORT = click.IntRange(0, 65535)


class Group(click.Group):
    """The commands in the order of a first day with this program."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names, in the order in which they stand below."""
        return list(self.commands)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("chatbot"), prog_name="chatbot")
def main() -> None:
    """Chat bots that work as agents in Genesys contact centres."""


@main.command()
@click.option(
    "--cometd", type=click.Choice(["httpx", "aiocometd"]), help="Use this CometD client for all bots."
)
@configured
def demo(config: Path, cometd: str | None) -> None:
    """Run the bots against the simulator with scripted customers.

    The customers stand in bots.toml under [[demo]]. Exit code 0 only if every expected answer came.
    """
    from chatbot.cli.demo import demo

    demo(config, cometd)


@main.command()
@click.option(
    "--port", type=_PORT, default=8090, show_default=True, help="Of the simulator; 0 takes a free one."
)
@click.option(
    "--server", metavar="URL", help="Only read from this server, and show what the plugins would do there."
)
@click.option("--bot", metavar="NAME", help="Run only this one of [bots].")
@click.option("--show-texts", is_flag=True, help="With --server: show texts and data of customers.")
@configured
def dev(config: Path, port: int, server: str | None, bot: str | None, *, show_texts: bool) -> None:
    """Run the bots on the simulator while you write their plugins.

    There is a page for customers in the browser, and the bots are started again when a plugin or bots.toml
    is saved. No Genesys and no password is needed, but for --server: there the bots log in and listen, and
    nothing is sent.
    """
    if show_texts and server is None:
        raise click.UsageError("--show-texts needs --server")
    with Signals() as signals:  # heard before the imports, which take a while
        from chatbot.cli.dev import dev
        from chatbot.cli.log import logged_as
        from chatbot.cli.process import Order

        order = Order(
            config=str(config.absolute()),
            server=server or "",
            is_shadow=server is not None,
            bot=bot,
            with_texts=show_texts,
            journal="",
            log=logged_as(),
        )
        dev(order, port, signals)


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--bot", metavar="NAME", help="Name of the bot in bots.toml.")
@click.option("--plugin", metavar="NAME", help="Name of its plugin, a Python module.")
@click.option("--nickname", metavar="TEXT", help="What customers see.")
@click.option("--server", metavar="URL", help="Where the bot logs in.")
@click.option("--username", metavar="TEXT", help="As whom it logs in.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: take the defaults.")
def new(folder: Path, *, yes: bool, **given: str | None) -> None:
    """Make a project in DIR: a bot, its plugin, and their test.

    With it come a Dockerfile, a compose.yaml and a systemd unit. What is not given is asked on a terminal.
    Exit code 2 if DIR is not empty or a name will not do; nothing is written then.
    """
    from chatbot.cli.new import new

    new(folder, given, yes=yes)


@main.command()
@click.argument("bot", required=False)
@click.option(
    "--server",
    metavar="URL",
    callback=url,
    help="Join a running `chatbot dev` or `simulate`; else a stage of its own.",
)
@click.option(
    "--script", type=click.Path(dir_okay=False, allow_dash=True), help="Play this file; - is stdin."
)
@click.option("--nickname", metavar="TEXT", default="Customer", show_default=True, help="Your name.")
@click.option("--subject", metavar="TEXT", default="", help="What it is about.")
@click.option("--data", multiple=True, metavar="KEY=VALUE", callback=pairs, help="User data; repeatable.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="How long to wait for an agent, and for an expected answer.",
)
@click.option(
    "--rest",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="Silence after which piped lines go on.",
)
@configured
@click.pass_context
def chat(ctx: click.Context, /, config: Path, bot: str | None, **given: Any) -> None:
    """Play the customer of BOT in the terminal.

    BOT is the first of bots.toml, if none is given. At a prompt, /help lists what else can be done: human
    agents, faults, user data. Lines from a pipe are said one after the other. Exit code 1 if something that
    a script expects does not come.
    """
    from chatbot.cli.chat import chat

    chat(ctx, config, bot, given)


@main.command()
@click.option("--admin", metavar="HOST:PORT", help="Serve the admin pages here, whatever bots.toml says.")
@click.option("--show-texts", is_flag=True, help="Let the log show what customers and servers say.")
@configured
def run(config: Path, admin: str | None, *, show_texts: bool) -> None:
    """Run the bots against their servers, until SIGTERM or SIGINT.

    A server that cannot be reached, or a password that is refused, keeps that bot not ready and
    trying; other bots go on. /healthz, /readyz and /metrics are served at [service] admin, or at --admin.
    If other machines can reach that, they ask for the token in the credential admin_token, unless bots.toml
    names another.
    """
    with Signals() as signals:  # heard before the imports, which take a while
        from chatbot.cli.run import run

        run(config, signals, admin, with_texts=show_texts)


@main.command()
@click.option("--host", metavar="HOST", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=_PORT, default=8090, show_default=True, help="0 takes a free one.")
@configured
def simulate(config: Path, host: str, port: int) -> None:
    """Run only the simulator, with a chat page for customers.

    It stands in for Genesys Web Services. The bots of bots.toml are its agents, with any password. Without
    the file, everybody may log in.
    """
    from chatbot.cli.simulate import simulate

    simulate(config, host, port)


@main.command()
@click.option("--online", is_flag=True, help="Log in to each server, and out again.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="Findings for people, as one JSON list, or as annotations of a workflow.",
)
@configured
def check(config: Path, *, online: bool, form: str) -> None:
    """Check bots.toml, its plugins and their hooks.

    The places of its journal and its certificates are looked at as well. Exit codes: 0 fine, 1 findings,
    2 bots.toml cannot be used, 3 a server cannot be reached or refuses the login (with --online). Warnings
    change none.
    """
    from chatbot.cli.check import check

    check(config, online=online, form=form)


@main.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Tables for people, or one JSON list.",
)
@click.option(
    "--examples",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="How many of the least alike answers are told for each bot.",
)
@configured
def compare(config: Path, files: tuple[Path, ...], form: str, examples: int) -> None:
    """Put what bots in shadow planned beside what humans did.

    FILE is what [service] shadow_reports has named, or names now if none is given; several are taken
    together. Lines that hold no chat are left out, and told. Exit code 2 if a file cannot be read or holds
    no chat at all.
    """
    from chatbot.cli.compare import compare

    compare(config, files, form=form, examples=examples)


@main.command()
@click.argument("codes", metavar="[CODE]...", nargs=-1)
def explain(codes: tuple[str, ...]) -> None:
    """Explain codes such as CB104: what is wrong, why, the fix.

    Without one, all are listed. Exit code 2 if there is no such code.
    """
    from chatbot.cli.explain import explain

    explain(codes)


@main.command()
@configured
def plugins(config: Path) -> None:
    """Show the plugins of each bot and their hooks, in call order."""
    from chatbot.cli.plugins import plugins

    plugins(config)


@main.command()
@configured
def hooks(config: Path) -> None:
    """Show all hooks, and which plugins are asked, in call order."""
    from chatbot.cli.hooks import hooks

    hooks(config)


@main.command()
@click.argument("bot", required=False)
@as_json
@running
def status(where: Where, bot: str | None, *, form: str) -> None:
    """Show what a running service does.

    Its bots, or BOT with its chats. Exit code 0 if all that is shown is ready, 1 if not, or if no service
    answers.
    """
    from chatbot.cli.status import status

    status(where, bot, form=form)


@main.command()
@click.argument("bot")
@click.option("--hand-over", is_flag=True, help="Send its customers where its fallback says, at once.")
@click.option("--resume", is_flag=True, help="Let it take chats again.")
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Wait so long until it has no chat left.",
)
@running
def drain(where: Where, bot: str, *, hand_over: bool, resume: bool, wait_s: float) -> None:
    """Let a running bot take no more chats.

    It finishes those that it has, and other agents get new ones. It lasts until --resume, or until the
    service ends. Exit code 1 if it is refused, or if --wait was not long enough.
    """
    if resume and (hand_over or wait_s):
        raise click.UsageError("--resume goes with neither --hand-over nor --wait")
    from chatbot.cli import drain

    if resume:
        drain.resume(where, bot)
    else:
        drain.drain(where, bot, hand_over=hand_over, wait_s=wait_s)


@main.command()
@click.argument("chat")
@click.argument("event", metavar="INDEX")
@click.option("--bot", metavar="NAME", help="Whose chat; needed only if several bots have it.")
@as_json
@running
def why(where: Where, chat: str, event: str, *, bot: str | None, form: str) -> None:
    """Say why a bot did what it did.

    About line INDEX of CHAT: which hooks ran, what they returned, which actions followed, and what held one
    back. INDEX may also be the name of another event, such as started. Exit code 1 if nothing is known of it.
    """
    from chatbot.cli.why import why

    why(where, (chat, event, bot), form=form)
