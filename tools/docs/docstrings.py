"""Sphinx extension: docstrings as they are written here, and what Scapy's layers say of themselves.

Docstrings are prose for people who read the code: names in single backticks (`default_role` makes links of
them), examples indented by four. Examples become Python code here. A Scapy layer gets a table of its fields.
"""

from __future__ import annotations

import enum
import re
from typing import Any

from docutils import nodes
from scapy.fields import ConditionalField, MultipleTypeField, PacketListField, StrField
from scapy.packet import Packet
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

SCAPY_HOOKS = frozenset(
    {
        *("post_build", "post_dissect", "pre_dissect", "do_dissect", "do_build", "self_build", "dissect"),
        *("extract_padding", "guess_payload_class", "dispatch_hook", "mysummary", "hashret", "answers"),
        *("tcp_reassemble", "do_dissect_payload", "build_padding", "copy", "default_payload_class"),
    }
)
"""What Scapy calls, and a user does not."""


def mark_examples(lines: list[str]) -> list[str]:
    """Indented paragraphs as Python; those in lists or after a directive are as they should be."""
    marked: list[str] = []
    within = False
    last = ""
    for line in lines:
        indented = line.startswith("    ")
        if (
            indented
            and not within
            and not (marked and marked[-1])
            and not re.match(r"\s*(\.\. |[-*] |\d+\. |:)", last)
        ):
            if last.endswith("::"):
                marked[-2] = marked[-2].removesuffix(":")
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
        size = _size(inner)
        if isinstance(inner, MultipleTypeField):
            inner = inner.dflt
        names = getattr(inner, "i2s", None) or {}
        values = (
            ", ".join(f"{key} {value}" for key, value in names.items()) if isinstance(names, dict) else ""
        )
        default = "" if inner.default is None else repr(inner.default)
        if isinstance(inner.default, list):
            default = ", ".join(repr(bytes(part)) for part in inner.default) or "[]"
        rows.append((f"``{inner.name}``", size + note, f"``{default}``" if default else "computed", values))
    table = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        table += [f"   {'* -' if number == 0 else '  -'} {cell}".rstrip() for number, cell in enumerate(row)]
    return ["", *table, ""]


def _size(field: Any) -> str:
    if isinstance(field, MultipleTypeField):
        sizes = dict.fromkeys(_size(inner) for inner in [*(one[0] for one in field.flds), field.dflt])
        return " or ".join(sizes)
    if isinstance(field, PacketListField):
        return "list"
    if isinstance(field, StrField):
        return "any"
    bits = getattr(field, "size", 8 * field.sz)
    count, unit = (int(bits) // 8, "byte") if bits % 8 == 0 else (bits, "bit")
    return f"{count} {unit}" + ("s" if count != 1 else "") if count else "any"


def link_errors(lines: list[str]) -> list[str]:
    """Names of exceptions in prose as code, so that they are links like all else in backticks."""
    return [
        line
        if line.startswith("    ")
        else re.sub(r"(?<![`\w.])([A-Z]\w+(?:Error|Fault|Lacks))(?![`\w])", r"`\1`", line)
        for line in lines
    ]


def on_docstring(_app: Sphinx, _what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Change one docstring in place."""
    lines[:] = mark_examples(link_errors(lines))
    if _is_layer(thing):
        lines += field_table(thing)


def on_signature(
    _app: Sphinx,
    _what: str,
    _name: str,
    thing: Any,
    _options: Any,
    arguments: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Arguments worth reading: a layer's are in its table; enumerations and protocols are not called."""
    if _is_layer(thing):
        return "(**fields)", None
    if isinstance(thing, enum.EnumMeta) or getattr(thing, "_is_protocol", False):
        return "", None
    return (arguments.replace("<factory>", "...") if arguments else arguments), returns


def _is_layer(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Packet) and thing.__module__.startswith("bench.")


def on_member(_app: Sphinx, _what: str, name: str, _thing: Any, skip: bool, _options: Any) -> bool | None:
    """Leave out what only Scapy calls."""
    return True if skip or name in SCAPY_HOOKS else None


def on_missing(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Find what a docstring names without its module, if only one documented thing has that name."""
    target = node["reftarget"].removesuffix("()")
    if node.get("refdomain") != "py" or not re.fullmatch(r"[A-Z]\w*(\.\w+)*|[a-z_]+\.[\w.]+", target):
        return None
    found = [name for name in env.domains.python_domain.objects if f".{name}".endswith(f".{target}")]
    if len(found) != 1:
        return None
    thing = env.domains.python_domain.objects[found[0]]
    return make_refnode(app.builder, node["refdoc"], thing.docname, thing.node_id, content, found[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", on_docstring)
    app.connect("autodoc-process-signature", on_signature)
    app.connect("autodoc-skip-member", on_member)
    app.connect("missing-reference", on_missing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
