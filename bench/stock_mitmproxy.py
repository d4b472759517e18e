"""mitmproxy embedded as its manual shows it, with one addon that does nothing: what is compared with."""

import asyncio
from typing import Any

from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster


class Empty:
    """Lets every request pass, and says the port once mitmproxy listens."""

    def __init__(self, addons: Any) -> None:
        self._addons = addons

    def request(self, flow: object) -> None:
        """Let it pass."""

    def running(self) -> None:
        """Called by mitmproxy when its listeners are up."""
        print(self._addons.get("proxyserver").listen_addrs()[0][1], flush=True)


async def serve() -> None:
    """Proxy until ended."""
    master = DumpMaster(Options(listen_host="127.0.0.1", listen_port=0), with_termlog=False, with_dumper=False)
    addons: Any = master.addons
    addons.add(Empty(addons))
    await master.run()


if __name__ == "__main__":
    asyncio.run(serve())
