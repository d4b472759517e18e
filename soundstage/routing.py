"""Which values the variables have that route a program: of everybody's entrance, or of a run's."""

from pathlib import Path
from urllib.parse import urlsplit

from soundstage.addresses import Addresses
from soundstage.variables import VARIABLES, Ways


def routing(bound: Addresses, bundle: Path) -> dict[str, str]:
    """The variables by name. `bundle` holds the system's roots and the CA; its other forms lie beside it.

    `bound.proxy` may begin with a run's `id:token@`.
    """
    url, smtp = f"http://{bound.proxy}", urlsplit(f"//{bound.smtp}")
    proxy = urlsplit(url)
    ways = Ways(
        proxy=url,
        place=(proxy.hostname or "", proxy.port or 80),
        ca=Path(bound.ca),
        bundle=bundle,
        smtp=(smtp.hostname or "", smtp.port or 25),
    )
    return {variable.name: variable.value(ways) for variable in VARIABLES}
