"""Looks names up with the system's resolver where it has a search domain; a program for a network of its own.

Prints, for each name it is given, its addresses or nothing. The DNS server there is its own, on loopback.
"""

import asyncio
import sys

from sinks_dns import Dns

from sinks.resolver import NameNotFound, SystemResolver

SEARCHED = "corp.test"
RECORDS = {
    ("here.open.test.", "A"): ["203.0.113.7"],
    ("gone.open.test.corp.test.", "A"): ["203.0.113.9"],
    ("relay.corp.test.", "A"): ["203.0.113.10"],
}


async def main(names: list[str]) -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Dns(RECORDS), ("127.0.0.1", 53))
    for name in names:
        try:
            found = await SystemResolver().addresses(name)
        except NameNotFound:
            found = ()
        sys.stdout.write(" ".join((name, *found)) + "\n")
    transport.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
