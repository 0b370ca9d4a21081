"""The top command. ``--help`` answers without importing what the commands need."""

from __future__ import annotations

import importlib
from importlib.metadata import version

import click

from chatbot.cli.signals import Signals

__all__ = ["main"]

_COMMANDS = {
    "demo": "Run the bots against the simulator with scripted customers.",
    "dev": "Run the bots against the simulator, with a customer page for your browser.",
    "new": "Make a project: bots.toml, a plugin, its test, a Dockerfile and a systemd unit.",
    "chat": "Play the customer in the terminal, at a prompt or from a script.",
    "run": "Run the bots against their servers, until SIGTERM or SIGINT.",
    "simulate": "Run only the simulator.",
    "check": "Check bots.toml, its plugins and their hooks.",
    "explain": "Explain the code of a finding or an error.",
    "plugins": "Show which plugins are loaded, and their hooks.",
    "hooks": "Show all hooks, and who implements them in which order.",
}
_LONG_LIVED = frozenset({"run", "dev"})


class LazyGroup(click.Group):
    """A group whose commands are modules of the same name."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names, in the order of a first day with this program."""
        return list(_COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is to run. One that lasts hears signals before its imports, which take a while."""
        if args[0] in _LONG_LIVED and ctx.obj is None:
            ctx.obj = ctx.with_resource(Signals())
        return super().resolve_command(ctx, args)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The command; its module is imported now."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"chatbot.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("chatbot"), prog_name="chatbot")
def main() -> None:
    """Chat bots that work as agents in Genesys contact centres."""
