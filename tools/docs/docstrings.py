"""Sphinx extension: docstrings as they are written here, and what Scapy's layers say of themselves.

Docstrings are prose for people who read the code: names in single backticks (`default_role` makes links of
them), examples indented by four. Examples become Python code here. A Scapy layer gets a table of its fields.
"""

from __future__ import annotations

import re
from typing import Any

from scapy.fields import BitField, ConditionalField, Field, MultipleTypeField
from scapy.packet import Packet
from sphinx.application import Sphinx

SCAPY_HOOKS = frozenset(
    {
        *("post_build", "post_dissect", "pre_dissect", "do_dissect", "do_build", "self_build", "dissect"),
        *("extract_padding", "guess_payload_class", "dispatch_hook", "mysummary", "hashret", "answers"),
        *("tcp_reassemble", "do_dissect_payload", "build_padding", "copy", "default_payload_class"),
    }
)
"""What Scapy calls, and a user does not."""


def mark_examples(lines: list[str]) -> list[str]:
    """Indented paragraphs as code; those in lists, or after `::` or a directive, are as they should be."""
    marked: list[str] = []
    within = False
    last = ""
    for line in lines:
        indented = line.startswith("    ")
        if (
            indented
            and not within
            and not (marked and marked[-1])
            and not last.endswith("::")
            and not re.match(r"\s*(\.\. |[-*] |\d+\. |:)", last)
        ):
            marked += [".. code-block:: python", ""]
        if line.strip():
            within = indented
            last = line
        marked.append(line)
    return marked


def field_table(layer: type[Packet]) -> list[str]:
    """The fields of a layer as reStructuredText: name, size, default, names of values."""
    rows = [("field", "size", "default", "values")]
    for field in layer.fields_desc:
        inner, note = field, ""
        if isinstance(inner, ConditionalField):
            inner, note = inner.fld, ", if present"
        if isinstance(inner, MultipleTypeField):
            inner = inner.dflt
        names = getattr(inner, "i2s", None) or {}
        values = (
            ", ".join(f"{key} {value}" for key, value in names.items()) if isinstance(names, dict) else ""
        )
        default = "" if inner.default is None else repr(inner.default)
        rows.append(
            (f"``{inner.name}``", _size(inner) + note, f"``{default}``" if default else "computed", values)
        )
    table = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        table += [f"   {'* -' if number == 0 else '  -'} {cell}".rstrip() for number, cell in enumerate(row)]
    return ["", *table, ""]


def _size(field: Field[Any, Any]) -> str:
    if isinstance(field, BitField):
        return f"{field.size} bit" + ("s" if field.size != 1 else "")
    if field.sz and field.fmt.strip("!<>=@")[-1:] != "s":
        return f"{field.sz} byte" + ("s" if field.sz != 1 else "")
    return "any"


def on_docstring(_app: Sphinx, _what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Change one docstring in place."""
    lines[:] = mark_examples(lines)
    if isinstance(thing, type) and issubclass(thing, Packet) and thing.__module__.startswith("bench."):
        lines += field_table(thing)


def on_member(_app: Sphinx, _what: str, name: str, _thing: Any, skip: bool, _options: Any) -> bool | None:
    """Leave out what only Scapy calls."""
    return True if skip or name in SCAPY_HOOKS else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", on_docstring)
    app.connect("autodoc-skip-member", on_member)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
