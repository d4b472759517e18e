"""One timer for the limits of all connections."""

from smtp_stage import until

from sinks.smtp_limits import SmtpLimits
from sinks.smtp_watch import SmtpWatch


class Due:
    """Wants to be looked at again every so often."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.looks: list[float] = []

    def due(self, now: float) -> float:
        self.looks.append(now)
        return now + self._seconds


async def test_every_connection_is_looked_at_when_the_first_is_due() -> None:
    soon, late = Due(0.01), Due(1000)
    watch = SmtpWatch({soon, late}, SmtpLimits(idle_seconds=0.01))
    watch.begin()
    watch.begin()
    await until(lambda: len(soon.looks) >= 3)
    watch.end()
    assert late.looks == soon.looks
    assert sorted(set(soon.looks)) == soon.looks


async def test_it_rests_without_connections_and_begins_again() -> None:
    connection = Due(0.01)
    connections = {connection}
    watch = SmtpWatch(connections, SmtpLimits(idle_seconds=0.01))
    watch.begin()
    await until(lambda: bool(connection.looks))
    connections.clear()
    seen = len(connection.looks)
    beside = Due(0.01)
    other = SmtpWatch({beside}, SmtpLimits(idle_seconds=0.01))
    other.begin()
    await until(lambda: len(beside.looks) >= 3)  # as long as one that does not rest takes for three looks
    other.end()
    assert len(connection.looks) == seen
    connections.add(connection)
    watch.begin()
    await until(lambda: len(connection.looks) > seen)
    watch.end()
