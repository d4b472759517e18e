"""The moto process: moto's S3 as a WSGI application behind one unix socket, in a process that cannot dial.

moto dials by itself (webhooks of SNS, replay of recordings), so it never runs in the gateway. Here it is started with a
listening socket it was given, in a network namespace of its own where there is one, under an audit hook, and tries
every way out before it says it is ready.
"""

import json
import logging
import os
import sys
import threading

from sinks.no_way_out import forbid_dialling, leave_the_network, ways_left_open


def main() -> None:
    """`argv`: the listening socket's descriptor, the trap's port. Says one JSON line when ready, ends when stdin does.

    Exits with 1 where a way out was left open.
    """
    descriptor, trap_port = int(sys.argv[1]), int(sys.argv[2])
    alone = leave_the_network()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    logging.disable(logging.WARNING)

    # Imported here: moto takes a second, and the namespace must be left before any of it runs.
    from moto.moto_server.werkzeug_app import create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self) -> str:
            return "gateway"

        def log(self, type: str, message: str, *args: object) -> None:
            """The ledger is the log."""

    application = create_backend_app("s3")
    server = make_server("unix://gateway", 0, application, threaded=True, fd=descriptor, request_handler=Handler)
    forbid_dialling()
    still_open = ways_left_open(trap_port)
    sys.stdout.write(json.dumps({"ready": not still_open, "open": still_open, "namespace": alone}) + "\n")
    sys.stdout.flush()
    if still_open:
        sys.exit(1)
    server.serve_forever()


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)
