"""The command line: `bench <command>`.

A command lives in the module of its name here, as a click command called `command`, and is imported only
when it is called for: `bench --help` stays quick, and `bench doctor` runs where other commands lack what
they import.
"""

from __future__ import annotations

import importlib
from typing import Any

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.text import Text

from bench.cli.output import enduring_output
from bench.cli.version import print_version
from bench.exit_codes import INTERRUPTED, RUN_INTERRUPTED, RUN_INVALID
from bench.nearest import SLIP, nearest
from bench.project import find_project
from emulation.console_text import printable
from emulation.errors import GuestFault, UserError

COMMANDS = {
    "run": "Run the Robot suites on an emulated board and write the reports.",
    "new": "Make a project of your own: a server application, tests for it and CI files.",
    "report": "Write the reports of a run that was killed.",
    "ladder": "Draw a capture (pcap or pcapng, of any tool) as a ladder diagram.",
    "serve": "Boot a board and let clients on this machine reach it, until Ctrl-C.",
    "shell": "Boot a board and try things on it in Python, with Scapy at hand.",
    "cases": "List, show and run the catalogue of malformed frames.",
    "inject": "Send the frames of a capture to a board and show what comes back.",
    "matrix": "Try every packet with one or two modifications in every protocol state.",
    "compare": "Send the same to two engines or firmwares and show where their replies differ.",
    "perf": "Measure speed and memory.",
    "mutants": "Build firmware that is wrong on purpose and see whether the tests catch it.",
    "firmware": "Build the firmware and show how much of the board it takes.",
    "renode": "Check Renode, the second engine, or say how to get it.",
    "completion": "Let a shell complete commands, options, engines, suites, cases and files.",
    "doctor": "Show what is there, what is missing and how to get it.",
}

NOT_OF_PROJECT = ("new", "completion", "doctor", "firmware", "ladder", "mutants", "renode")
"""Commands that have nothing to do with the project they are called in, good or bad."""

EXIT_FAULT = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = INTERRUPTED

COMMAND = "bench.cli.command"
"""Key in click's context for the name of the command that is called."""


def print_error(message: str, hint: str = "") -> None:
    """Say on stderr what is wrong and, on a second line, what to do."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), printable(message)))
    if hint:
        console.print(Text.assemble(("  what to do: ", "bold"), printable(hint)))


def print_usage_error(error: click.UsageError) -> None:
    """A mistake on the command line, in the form of all errors, with the name that was meant."""
    ctx = error.ctx
    path = ctx.command_path if ctx is not None else "bench"
    hint = f"see `{path} --help`"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.message, err=True)
        return
    if isinstance(error, click.exceptions.NoSuchOption):
        known = ctx.command.params if ctx is not None else []
        close = nearest(error.option_name, (name for each in known for name in each.opts), SLIP)
        message = f"{path} has no option {error.option_name}"
        hint = f"did you mean {close}? {hint}" if close else hint
    else:
        message = " ".join(error.format_message().split()).rstrip(".")
        message = message[:1].lower() + message[1:]
        if isinstance(error, click.BadParameter) and isinstance(
            choices := getattr(error.param, "type", None), click.Choice
        ):
            hint = f"give one of: {', '.join(map(str, choices.choices))}; {hint}"
    print_error(message, hint)


class LazyGroup(click.Group):
    """Imports a command when it is called, and turns what the user can mend into one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click does, on streams that outlast whoever reads them."""
        with enduring_output():
            return super().main(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"bench.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the known names for an unknown one."""
        if ctx.resilient_parsing:  # for completion, which has nothing to say on what is wrong
            return super().resolve_command(ctx, args)
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS, SLIP)
            hint = f"the commands are: {', '.join(COMMANDS)}"
            raise UserError(
                f"there is no command {args[0]!r}", f"did you mean {close}? {hint}" if close else hint
            )
        ctx.meta[COMMAND] = args[0] if args else ""
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, without importing them, and the options."""
        found = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """As click does, with the bench's form for an option that is wrong."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            print_usage_error(error)
            raise click.exceptions.Exit(EXIT_USER_ERROR) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a UserError or GuestFault ends it with a message instead of a traceback."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            print_usage_error(error)
            ctx.exit(EXIT_USER_ERROR)
        except UserError as error:
            print_error(error.message, error.hint)
            # A project that is wrong is found before `bench run`, which answers for itself, begins.
            ctx.exit(RUN_INVALID if ctx.invoked_subcommand == "run" else EXIT_USER_ERROR)
        except GuestFault as fault:
            print_error(str(fault), "the evidence above says where the firmware stopped")
            ctx.exit(EXIT_FAULT)
        except KeyboardInterrupt:
            print_error("interrupted")
            # `bench run` answers for itself, but for the moment in which it is imported.
            ctx.exit(RUN_INTERRUPTED if ctx.meta.get(COMMAND) == "run" else EXIT_INTERRUPTED)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=print_version,
    help="Show the versions of the bench, its engines and the firmware, and end.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Test network firmware without hardware: an emulated Arduino 101 on a wire made of Scapy."""
    if ctx.invoked_subcommand not in NOT_OF_PROJECT and (project := find_project()):
        ctx.default_map = project.command_defaults()
