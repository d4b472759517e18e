"""A program: runs a command contained, without any gateway; what connects inside is noted and reset.

`python contained_alone.py FOLDER COMMAND...`; the environment is the command's. The last line of stderr is JSON: how it
ended, and the original destination of each connection. FOLDER is its user's own; its `data` is hidden from the command.
Where it has a file `late`, a socket is bound at the path in it between the decision on the view and the start.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from proxy.accept import Peer
from proxy.listener import Listener
from proxy.transparent_destination import original_destination, reset_at_close
from soundstage.namespace import contained
from soundstage.run_environment import environment_of
from soundstage.run_order import Order
from soundstage.run_view import Guarded, root_view, view


async def main(folder: Path, command: tuple[str, ...]) -> dict[str, object]:
    met: list[object] = []

    async def note(sock: socket.socket, peer: Peer) -> None:
        met.append([peer.address, original_destination(sock)])
        reset_at_close(sock)

    @contextlib.asynccontextmanager
    async def serve(sockets: dict[str, int]) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as listening:
            if (folder / "late").exists():
                late = listening.enter_context(socket.socket(socket.AF_UNIX))
                late.bind((folder / "late").read_text())
                late.listen(10_000)
            for name, descriptor in sockets.items():
                if name.startswith(("tcp", "dns-tcp")):
                    listener = Listener(note)
                    listener.start_on(socket.socket(fileno=os.dup(descriptor)))
                    listening.push_async_callback(listener.stop)
            yield

    guarded = Guarded((folder / "admin.token",), (folder / "policy.yaml",))
    steps = view(folder / "scratch", folder / "data", {}, [], os.environ, guarded)
    if os.geteuid() == 0:
        steps += root_view()
    environment = environment_of(os.environ, {})
    order = Order(command=command, environment=environment, folder=str(Path.cwd()), view=steps)
    return {**dataclasses.asdict(await contained(order, serve)), "met": met}


if __name__ == "__main__":
    told = asyncio.run(main(Path(sys.argv[1]), tuple(sys.argv[2:])))
    sys.stderr.write(json.dumps(told) + "\n")
    sys.exit(int(str(told["code"])))
