"""The documentation: what Sphinx lacks for these pages, and the check of what came out.

`python -m tools.docs` builds `docs/` into `build/docs/html` (`make docs`). The pages stay plain Markdown,
which GitHub shows as they are; what only a site has is added here: navigation, the repository's files as
pages, the keyword library, tables of a Scapy layer's fields.
"""
