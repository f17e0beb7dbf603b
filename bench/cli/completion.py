"""`bench completion`: lets a shell complete commands, options, engines, suites, cases and files."""

from __future__ import annotations

import shutil

import click
from click.shell_completion import get_completion_class

from emulation.errors import UserError

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_BENCH_COMPLETE"
"""The environment variable through which the shell's function asks; its name is click's choice."""


@click.command
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print what makes a shell complete the command line of the bench.

    For good: add `eval "$(bench completion bash)"` to ~/.bashrc, the same with zsh to ~/.zshrc, or for fish
    `bench completion fish | source` to ~/.config/fish/config.fish.
    """
    from bench.cli import main

    if shell == "bash" and not shutil.which("bash"):  # it is asked for its version
        raise UserError("there is no bash on this machine", "call this where the shell is")
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(main, {}, "bench", VARIABLE).source())
