"""Sphinx extension: the command line as a page, from click's own commands.

The directive `command-line` takes the group that holds the commands. Each has what its `--help` shows,
in the same words; what click would print as a table is one.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class CommandLine(SphinxDirective):  # type: ignore[misc]  # docutils' base class is not typed
    """`command-line:: bench.cli:main`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A section for each command."""
        module, _, name = self.arguments[0].partition(":")
        group = getattr(importlib.import_module(module), name)
        context = click.Context(group, info_name=module.partition(".")[0])
        return [self._section(command, inner) for command, inner in commands(group, context)]

    def _section(self, command: click.Command, context: click.Context) -> nodes.Element:
        path = context.command_path
        section = nodes.section(ids=[path.replace(" ", "-")], names=[])
        self.state.document.note_implicit_target(section)
        section += nodes.title(path, path)
        usage = f"{path} {' '.join(command.collect_usage_pieces(context))}"
        section += nodes.literal_block(usage, usage, language="text")
        for text, verbatim in paragraphs(command.help or ""):
            section += nodes.literal_block(text, text, language="text") if verbatim else paragraph(text)
        # Without --help, which every command has.
        records = [part.get_help_record(context) for part in command.params]
        section += table([record for record in records if record and record[1]])
        return section


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command that is no group, with its context, in the order of `--help`."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from commands(command, inner)
        else:
            yield command, inner


def paragraphs(text: str) -> list[tuple[str, bool]]:
    """The paragraphs of a help text, and whether click would leave the lines of each as they are."""
    found = []
    for part in re.split(r"\n\s*\n", text.partition("\f")[0].strip()):
        lines = part.splitlines()
        verbatim = bool(lines) and lines[0].strip() == "\b"
        found.append(
            ("\n".join(lines[1:]) if verbatim else " ".join(line.strip() for line in lines), verbatim)
        )
    return found


def paragraph(text: str) -> nodes.Element:
    """A paragraph in which single backticks mean code."""
    whole = nodes.paragraph()
    for number, part in enumerate(text.split("`")):
        if part:
            whole += nodes.literal(part, part) if number % 2 else nodes.Text(part)
    return whole


def table(rows: list[tuple[str, str]]) -> nodes.Element:
    """Options and what they do."""
    body = nodes.tbody()
    for names, text in rows:
        row = nodes.row()
        for content in (nodes.paragraph("", "", nodes.literal(names, names)), paragraph(text)):
            entry = nodes.entry()
            entry += content
            row += entry
        body += row
    group = nodes.tgroup(cols=2)
    group += [nodes.colspec(colwidth=2), nodes.colspec(colwidth=3), body]
    whole = nodes.table(classes=["options"])
    whole += group
    return whole


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
