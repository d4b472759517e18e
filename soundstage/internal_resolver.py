"""Questions about the environment's own names, passed to the resolver the operator set for their zone alone."""

import asyncio
import socket

SECONDS = 3.0
LONGEST = 65_535
Resolver = tuple[str, int]


def resolver_of(text: str) -> Resolver:
    """`10.96.0.10`, `10.0.0.53:5353`, `[fd00::53]:5353`: as the setting was checked to read."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.startswith("[")):
        return text.strip("[]"), 53
    return host.strip("[]"), int(port)


async def forward(query: bytes, resolver: Resolver, protocol: str) -> bytes:
    """The resolver's answer to a whole query message. Raises OSError where it gives none."""
    try:
        async with asyncio.timeout(SECONDS):
            return await (_over_tcp if protocol == "dns-tcp" else _over_udp)(query, resolver)
    except (TimeoutError, EOFError):
        raise OSError(f"the resolver {resolver[0]} port {resolver[1]} did not answer within {SECONDS:g} s") from None


async def _over_udp(query: bytes, resolver: Resolver) -> bytes:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in resolver[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(resolver)  # the kernel then drops what others send
        await loop.sock_sendall(sock, query)
        while True:
            answer = await loop.sock_recv(sock, LONGEST)
            if answer[:2] == query[:2]:  # another id answers a question that has been given up
                return answer


async def _over_tcp(query: bytes, resolver: Resolver) -> bytes:
    reader, writer = await asyncio.open_connection(*resolver)
    try:
        writer.write(len(query).to_bytes(2) + query)
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
    finally:
        writer.close()
