"""The demo shop finishes its day, and everything it did is captured: the first story a newcomer sees."""

import subprocess
import sys

from running import PROJECT, clean_environment


def test_the_shop_finishes_its_day_and_nothing_leaves() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "demo", "--free-ports", "--and-stop"],
        cwd=PROJECT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=500,
        check=False,
    )
    assert told.returncode == 0, told.stdout
    assert told.stdout.splitlines()[-1] == "demo: 4 orders, 39 side effects captured, 0 left"
