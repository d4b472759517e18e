"""`soundstage env` for a run: its credentials where an application looks for them, and none for one that is over."""

import json

from running import Running
from runs_stage import begun


def test_the_variables_of_a_run_hold_its_credentials(gateway: Running) -> None:
    run = begun(gateway)
    variables = json.loads(gateway.run("env", "--run", run.id, "--json").stdout)
    assert variables == run.told["variables"]
    assert variables["HTTPS_PROXY"] == run.told["proxy"]["url"]
    assert (variables["SMTP_USERNAME"], variables["SMTP_PASSWORD"]) == (run.id, run.told["token"])
    assert variables["SOUNDSTAGE_TOKEN"] == run.told["api_token"]
    assert variables.keys() >= gateway.env().keys()
    run.post("finish")
    over = gateway.run("env", "--run", run.id)
    assert (over.returncode, over.stdout) == (2, "")
    assert over.stderr == (
        f"soundstage: error: the run '{run.id}' is finished: nothing would be booked to it any more\n"
    )
    assert gateway.run("env", "--run", "nobody").returncode == 2
