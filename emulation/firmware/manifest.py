# What is frozen into flash. The builder names the folders.
include("$(MPY_DIR)/extmod/asyncio")
package("ws_server", base_path="$(STAGE_DIR)", opt=0)
module("main.py", base_path="$(STAGE_DIR)", opt=0)
