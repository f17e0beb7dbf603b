# What is frozen into flash; STAGE_DIR is filled by build.py. All of it keeps its line numbers, for tracebacks.
package(
    "asyncio",
    ("__init__.py", "core.py", "event.py", "funcs.py", "lock.py", "stream.py"),
    base_path="$(MPY_DIR)/extmod",
    opt=0,
)
package("ws_server", base_path="$(STAGE_DIR)", opt=0)
module("main.py", base_path="$(STAGE_DIR)", opt=0)
