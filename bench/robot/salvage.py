"""Completes the `output.xml` of a run that was cut off, so that Robot can make reports of what ran."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench.files import write_whole
from emulation.errors import UserError

CUT_OFF = "The run was cut off here."
APPENDIX = {"statistics", "errors"}
"""What follows the results, and can be told from them."""
WITHOUT_STATUS = {"robot", "status", "doc", "arg", "msg", "var", "tag", "meta", "timeout", "value"}
"""Elements of Robot's output (its schema robot.xsd) that have no status of their own."""
HINT = "name the folder of a run's reports"
_CHUNK = 1 << 16


def salvage(path: Path) -> bool:
    """Close what is open in an `output.xml`; returns whether anything was. Raises UserError if nothing ran.

    What was going on counts as failed. What had not been written to the file by then is lost.
    """
    parser: Any = ElementTree.XMLPullParser(("start", "end"))  # its events are typed for all kinds at once
    unfinished: list[ElementTree.Element] = []
    root: ElementTree.Element | None = None
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.feed(chunk)
                for event, element in parser.read_events():
                    root = element if root is None else root
                    if event == "start":
                        unfinished.append(element)
                    else:
                        unfinished.pop()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", HINT) from None
    except ElementTree.ParseError:
        pass  # half a tag; what came before it counts
    except (LookupError, ValueError) as error:  # an encoding that nobody knows, or that is another one
        raise UserError(f"cannot read {path}: {error}", HINT) from None
    if root is None or root.tag != "robot" or root.find("suite") is None:
        raise UserError(f"{path} has no results of Robot Framework", HINT)
    if not unfinished:
        return False
    for element in unfinished:
        if element.tag in APPENDIX:
            break  # what follows lies in it
        for misplaced in [child for child in element if child.tag in APPENDIX]:
            # Cut off, or errors that Robot wrote into what was open when a second signal ended it at once.
            element.remove(misplaced)
        if element.tag not in WITHOUT_STATUS and element.find("status") is None:
            status = ElementTree.SubElement(element, "status", status="FAIL", elapsed="0")
            status.text = CUT_OFF
    try:
        whole = ElementTree.tostring(root, encoding="unicode")
    except RecursionError:  # Robot nests keywords 140 deep at most
        raise UserError(f"{path} is nested too deeply to be a result of Robot Framework", HINT) from None
    write_whole(path, whole, "make the folder writable, and room on the disk")
    return True


def flush_output() -> None:
    """Bring what Robot has written so far to the disk: its output is buffered, and a run may be killed.

    Robot has no interface for that; where its insides are others than in 7.2 to 7.5, nothing happens.
    """
    from robot.output import LOGGER

    with contextlib.suppress(AttributeError):
        LOGGER._output_file.real_logger._writer.output.flush()
