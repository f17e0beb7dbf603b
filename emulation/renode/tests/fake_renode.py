"""Stands in for Renode where it has to misbehave: says a version, answers requests, fails as told.

FAKE_RENODE says what goes wrong, FAKE_VERSION what `--version` prints, FAKE_CHILDREN names a file for the
process numbers of itself and of a child that it starts in another session.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

TRAP = os.environ.get("FAKE_RENODE", "")
UNHANDLED = "[ERROR] FATAL UNHANDLED EXCEPTION: System.Exception: "
CRASHES = {
    "crash": UNHANDLED + "Not set",
    "crash over a log": UNHANDLED
    + 'Out of range.\nParameter name: Type of "136" is not defined in ICMPv6Types',
    "crash of Mono": """\
=================================================================
\tNative Crash Reporting
=================================================================
Got a SIGSEGV while executing native code. This usually indicates
a fatal error in the mono runtime or one of the native libraries
used by your application.
""",
}

ERROR_E38 = """\
There was an error executing command 'machine LoadPlatformDescription @board.repl'
Error E38: Exception was thrown during registration of 'otp' in 'sysbus':
Could not register otp: it overlaps with flash.
At board.repl:11:1:
otp: Memory.MappedMemory @ sysbus 0x4002F000
^
19:09:34.1406 [INFO] System bus created."""


def serve(requests: str, answers: str) -> None:
    with Path(requests).open() as reader, Path(answers).open("w", buffering=1) as writer:
        print("ok Renode, version 1.16.0", file=writer)
        for line in reader:
            verb, *words = line.split()
            if verb == "run" and TRAP in CRASHES:
                print(CRASHES[TRAP], flush=True)
                os.abort()
            if verb == "run" and TRAP == "killed":
                print("19:09:34.1406 [INFO] cpu: Setting PC value to 0x40000000.", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            if f"hang at {verb}" == TRAP:
                time.sleep(3600)
            if verb == "execute" and words[0] == "include" and TRAP == "bad platform":
                print("There was an error executing command 'machine LoadPlatformDescription'", flush=True)
                print("Error E04: Could not resolve type: 'GPIOPort'.", flush=True)
                print("error Renode refuses", file=writer)
            elif verb == "execute" and words[0] == "include" and TRAP == "error E38":
                print(ERROR_E38, flush=True)
                print("error Renode refuses", file=writer)
            elif verb == "execute" and words[0] == "include" and TRAP == "no core":
                print("19:09:34.1406 [INFO] System bus created.", flush=True)
                print("error translate-i386-le.so: cannot open shared object file", file=writer)
            elif verb == "save" and TRAP == "no save, says the log":
                print("There was an error executing command 'Save'\nNot enough space on the disk", flush=True)
                print("error Error encountered during saving", file=writer)
            elif verb == "save" and TRAP == "no save":
                print("error Error encountered during saving", file=writer)
            elif verb == "registers":
                print("ok EAX=1 ESP=2818577520 PC=1073741824", file=writer)
            elif verb in ("adopt", "load"):
                print("ok 0 0 -", file=writer)
            elif verb == "run":
                print(f"ok {words[0]} 32 6869", file=writer)
            else:
                print("ok", file=writer)


def main() -> None:
    if "--version" in sys.argv:
        if TRAP == "hang at version":
            time.sleep(3600)
        if TRAP == "wrapper that hangs":
            child = subprocess.Popen(["sleep", "3600"])
            Path(os.environ["FAKE_CHILDREN"]).write_text(f"{os.getpid()} {child.pid} .")
            child.wait()
        print(os.environ.get("FAKE_VERSION", "Renode, version 1.16.0.1 (0-0)"))
        return
    if children := os.environ.get("FAKE_CHILDREN"):
        child = subprocess.Popen(["sleep", "3600"], start_new_session=True)
        Path(children).write_text(f"{os.getpid()} {child.pid} .")
    if TRAP == "exit":
        print("cannot open the display", flush=True)
        sys.exit(3)
    if TRAP == "script error":
        print("There was an error executing command 'include @agent.py'\nno module named Network", flush=True)
        time.sleep(3600)
    if TRAP == "hang at start":
        time.sleep(3600)
    found = re.search('serve_bench "(.*)" "(.*)"', Path(sys.argv[-1]).read_text())
    assert found
    serve(*found.groups())


main()
