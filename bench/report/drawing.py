"""Matplotlib's figures as SVG for the inside of a page: its colours and fonts are those of the page.

Matplotlib is imported when something is drawn, not before.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from bench.report.colours import LIGHT

WIDTH = 7.6
"""Inches; 72 units of the picture each."""
SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "zephyr-ws-bench",  # the same data, the same file
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "text.parse_math": False,
    "path.simplify": False,
    "axes.prop_cycle": f"cycler('color', ['{LIGHT['blue']}', '{LIGHT['amber']}'])",
    "axes.edgecolor": LIGHT["soft"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.titlecolor": LIGHT["ink"],
    "axes.titlesize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LIGHT["rule"],
    "grid.linewidth": 0.6,
    "xtick.color": LIGHT["soft"],
    "ytick.color": LIGHT["soft"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "text.color": LIGHT["ink"],
    "legend.frameon": False,
}


def can_draw() -> bool:
    """Whether Matplotlib is there."""
    # That it looks for fonts, and where it keeps what it found, is of no interest here.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return False
    return True


@contextmanager
def figure(height: float) -> Iterator[Any]:
    """An empty figure (`matplotlib.figure.Figure`) of this height in inches, without any global state."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        yield Figure(figsize=(WIDTH, height), layout="constrained")


def inline(drawn: Any, key: str, title: str, words: str) -> str:
    """The figure as an `svg` element; `key` keeps its ids apart from those of others on the page.

    `words` say what it shows to those who do not see it.
    """
    for part in drawn.findobj():
        part.set_clip_on(False)  # the limits of the axes leave room for all; a page has no use for clip paths
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with warnings.catch_warnings():
        # Text stays text: a character that the font here lacks is for the fonts of whoever reads it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    body = text[text.index("<svg") :]
    opening, _, body = body.partition(">")
    box = re.search(r'viewBox="[^"]*"', opening)
    assert box is not None
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'\b(id="|href="#)', rf"\g<1>{key}-", body)
    # Sizes and styles of fonts stay; the family is that of the page.
    body = re.sub(r"(font:[^;\"]*?px) [^;\"]*", r"\1 system-ui, sans-serif", body)
    body = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", body)
    for name, colour in LIGHT.items():
        body = body.replace(colour, f"var(--{name})")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="plot" '
        f'{box[0]} role="img" aria-labelledby="{key}-title {key}-words">'
        f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-words">{escape(words)}</desc>{body}'
    ).strip()
