"""Keeps devices where they are while Zephyr 1.14's build scripts run.

Its scripts/kconfig/kconfig.py writes a configuration to /dev/null, to have its warnings, and Kconfiglib
renames what is there before. To an ordinary user that is refused, and Kconfiglib goes on; to root it is not,
and the machine has a file for its /dev/null from then on. Python imports this module when it starts.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

_rename = os.rename


def _rename_but_no_device(src: Any, dst: Any, **options: Any) -> None:
    kind = stat.S_IFMT(os.lstat(src, dir_fd=options.get("src_dir_fd")).st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise PermissionError(errno.EPERM, "not a file", src)
    _rename(src, dst, **options)


os.rename = _rename_but_no_device
