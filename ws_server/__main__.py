"""`python -m ws_server`: a sample server on this machine."""

import argparse
import sys

from .samples import echo, subprotocols, zephyr_js
from .server import WebSocketServer

SAMPLES = {
    "echo": echo.make_server,
    "zephyr-js": zephyr_js.make_server,
    "subprotocols": subprotocols.make_server,
}


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ws_server", description="A WebSocket server with a sample in it."
    )
    parser.add_argument("--port", type=int, default=8080, help="TCP port, 0 for any free one (default: 8080)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--sample", choices=sorted(SAMPLES), default="echo", help="what to serve (default: echo)"
    )
    parser.add_argument("--max-payload", type=int, default=4096, help="bytes of a message (default: 4096)")
    options = parser.parse_args(arguments)
    try:
        server: WebSocketServer = SAMPLES[options.sample](
            options.port, host=options.host, max_payload=options.max_payload
        )
    except ValueError as error:
        parser.error(str(error))
    server.on(
        "listening", lambda: print(f"ws_server: listening on ws://{options.host}:{server.port}/", flush=True)
    )
    try:
        server.run()
    except KeyboardInterrupt:
        print("ws_server: stopped", flush=True)
    except OSError as error:
        print(
            f"ws_server: cannot listen on {options.host} port {options.port}: {error.strerror or error};"
            " choose another with --host and --port",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
