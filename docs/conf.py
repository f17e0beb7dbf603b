"""Sphinx configuration of the documentation, which `make docs` builds; `tools/docs/` has what is ours."""

import sys
import tomllib
from pathlib import Path

from pygments.lexers.robotframework import RobotFrameworkLexer
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

with (ROOT / "pyproject.toml").open("rb") as file:
    release = tomllib.load(file)["project"]["version"]

project = "zephyr-ws-bench"
author = "the authors of zephyr-ws-bench"
project_copyright = author

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "tools.docs.commands",
    "tools.docs.docstrings",
    "tools.docs.keywords",
    "tools.docs.navigation",
    "tools.docs.repository",
    "tools.docs.sidebar",
]

# Pages are plain Markdown that GitHub shows as well; links to headings have the same anchors there and here.
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
myst_enable_extensions: list[str] = []

# Code without a named language is commands and their output.
highlight_language = "text"

# What a docstring has in single backticks is code, and a link where it names something documented here.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
add_module_names = False
viewcode_line_numbers = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = "zephyr-ws-bench"
html_favicon = "../bench/live/page/icon.svg"
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
# The theme's own two styles, made for its light and its dark colours.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app: Sphinx) -> None:
    """Give Pygments' lexer for Robot suites the name that GitHub knows it by."""
    app.add_lexer("robot", RobotFrameworkLexer)
