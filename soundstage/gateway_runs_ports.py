"""RunPorts: which ports the listeners of runs are opened on: those that the operator has named, else any free ones."""

from collections.abc import Iterable, Mapping

from proxy.listener import PortInUse

LISTENERS = ("proxy", "https", "http", "smtp", "smtps", "socks", "dns")


class RunPorts:
    """The named ports, and which of them are free. Each run with listeners takes seven."""

    def __init__(self, named: Iterable[int]) -> None:
        self._named = tuple(dict.fromkeys(named))
        self._free = list(self._named)

    def take(self) -> dict[str, int]:
        """A port for each listener, 0 where none are named. Raises PortInUse where too few are free."""
        if not self._named:
            return dict.fromkeys(LISTENERS, 0)
        if len(self._free) < len(LISTENERS):
            runs = len(self._named) // len(LISTENERS)
            raise PortInUse(
                f"SOUNDSTAGE_RUN_PORTS names {len(self._named)} ports, enough for {runs} runs with listeners at a time,"
                " and they are taken: finish a run, or name more."
            )
        return {name: self._free.pop(0) for name in LISTENERS}

    def keep(self, ports: Mapping[str, int]) -> None:
        """These are taken: by a run that had them before a restart."""
        self._free = [port for port in self._free if port not in ports.values()]

    def give_back(self, ports: Iterable[int]) -> None:
        """Last in the row: a client of the run that had one may still be trying it."""
        self._free += [port for port in ports if port in self._named and port not in self._free]
