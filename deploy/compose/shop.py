"""The demo shop in a container that has no way out: it trusts the CA, opens, plays its day, and stays."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from demo.day import play
from demo.shop_process import ShopProcess
from demo.staging_accounts import shop_settings


def say(line: str) -> None:
    """To the container's log."""
    sys.stdout.write(f"shop: {line}\n")
    sys.stdout.flush()


# The first process of a container is ended by no signal that it does not handle.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
# SDKs that bring their own roots look at no variable.
trust = ["soundstage", "trust", "install", "--venv", sys.prefix, "--data-dir", "/trust"]
subprocess.run(trust, check=True)  # noqa: S603 - our own command, without a shell
with (
    tempfile.TemporaryDirectory() as folder,
    ShopProcess(dict(os.environ), shop_settings(Path(folder))) as shop,
):
    orders = play(shop.url, say)
    say(f"{orders} orders; the day is over, and the dashboard shows what it tried")
    if "--stay" in sys.argv:
        threading.Event().wait()
