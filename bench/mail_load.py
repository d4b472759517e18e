"""A load of mails from a process of its own: one fixed mail, kept sessions or a connection each."""

import argparse
import asyncio
import json
import time


class Sender:
    """`count` connections that mail until the time is up; how many were told 250."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._mail = b"From: a@shop.test\r\nTo: b@example.test\r\nSubject: hello\r\n\r\n" + (
            (b"x" * 76 + b"\r\n") * max(1, options.size // 78)
        )
        self._accepted = 0
        self._until = 0.0

    async def run(self) -> dict[str, float]:
        started = time.monotonic()
        self._until = started + self._options.seconds
        one = self._new_each_time if self._options.new else self._kept
        await asyncio.gather(*(one() for _ in range(self._options.connections)))
        took = time.monotonic() - started
        return {"accepted": self._accepted, "seconds": took, "rate": self._accepted / took}

    async def _kept(self) -> None:
        reader, writer = await self._greeted()
        while time.monotonic() < self._until:
            await self._send(reader, writer)
        writer.close()

    async def _new_each_time(self) -> None:
        while time.monotonic() < self._until:
            reader, writer = await self._greeted()
            await self._send(reader, writer)
            writer.write(b"QUIT\r\n")
            writer.close()

    async def _greeted(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._options.address.rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
        await reader.readline()
        writer.write(b"EHLO bench\r\n")
        while (await reader.readline())[3:4] == b"-":
            pass
        return reader, writer

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"MAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n")
        answers = [await reader.readline() for _ in range(3)]
        if not answers[2].startswith(b"354"):
            raise RuntimeError(f"unexpected answers: {answers}")
        writer.write(self._mail + b".\r\n")
        answer = await reader.readline()
        if not answer.startswith(b"250"):
            raise RuntimeError(f"unexpected answer: {answer!r}")
        self._accepted += 1


def main() -> None:
    """Print one JSON line: accepted, seconds, rate."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0)
    print(json.dumps(asyncio.run(Sender(parser.parse_args()).run())))


if __name__ == "__main__":
    main()
