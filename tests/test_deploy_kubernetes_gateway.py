"""A gateway with the Kubernetes manifests' settings: it starts; probes, names, API and a CronJob's question work."""

import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.message
import dns.query
import httpx
import pytest
from kubernetes_stage import EXAMPLE, KUBERNETES, documents, own, pick, pod_spec, settings_of
from running import PATIENCE, Running, started

from dashboard.cron_token import cron_token


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway with the manifests' settings and the example's policy, on a volume as kubelet prepares one.

    The example's opt-ins end on a day of their own; here in a month, whenever this runs."""
    volume = tmp_path_factory.mktemp("volume")
    volume.chmod(0o2775)
    trust = tmp_path_factory.mktemp("trust")
    ends = (datetime.now(UTC) + timedelta(days=30)).date()
    policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
    example = (EXAMPLE / "gateway" / "policy.yaml").read_text()
    policy.write_text(re.sub("expires: .*", f"expires: {ends}", example))
    settings = settings_of(own(KUBERNETES / "gateway"))
    here = {
        **{name: value for name, value in settings.items() if name != "SOUNDSTAGE_DATA_DIR"},
        "SOUNDSTAGE_BIND": "127.0.0.1",
        "SOUNDSTAGE_ADMIN_TOKEN_FILE": str(volume / "data" / "admin.token"),
        "SOUNDSTAGE_TRUST_DIR": str(trust),
        "SOUNDSTAGE_POLICY": str(policy),
    }
    with started(volume, here) as one:
        yield one


def dashboard(running: Running) -> str:
    return running.addresses["dashboard"].replace("0.0.0.0", "127.0.0.1")


def test_the_probes_are_answered_by_whatever_address_they_ask(running: Running) -> None:
    [container] = (pod_spec(pick(own(KUBERNETES / "gateway"), "Deployment", "soundstage")) or {})["containers"]
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container[kind]["httpGet"]
        assert probe["port"] == "dashboard"
        answer = httpx.get(
            f"{dashboard(running)}{probe['path']}",
            headers={"host": "10.244.0.7:8025"},
            trust_env=False,
            timeout=PATIENCE,
        )
        assert answer.status_code == 200


def test_the_volume_holds_a_folder_of_the_gateways_alone(running: Running) -> None:
    assert stat.S_IMODE(running.data_dir.stat().st_mode) == 0o700


def test_names_are_answered_with_the_services_address(running: Running) -> None:
    host, port = running.place("dns")
    answer = dns.query.udp(dns.message.make_query("api.example.com", "A"), host, timeout=PATIENCE, port=port)
    assert [str(one) for found in answer.answer for one in found] == ["10.96.0.53"]


def test_the_commands_of_the_guide_work_in_the_pod(running: Running) -> None:
    assert running.run("captures", "list").returncode == 0
    assert "BEGIN CERTIFICATE" in running.run("ca", "print").stdout
    folder = Path(running.environ["SOUNDSTAGE_TRUST_DIR"])
    # A ConfigMap holds 1 MiB.
    assert sum((folder / name).stat().st_size for name in ("ca.pem", "ca-bundle.pem")) < 2**20
    link = running.run("sign-in").stdout.strip().replace("0.0.0.0", "127.0.0.1")
    assert httpx.get(link, trust_env=False, timeout=PATIENCE).is_redirect
    assert running.run("cron", "token").stdout.strip() == cron_token(running.token)


@pytest.mark.parametrize(("job", "code"), [("nightly-report", 0), ("send-invoices", 1)])
def test_a_cronjobs_first_container_asks_the_policy(running: Running, job: str, code: int) -> None:
    jobs = documents(EXAMPLE / "shop" / "jobs.yaml")
    pod = pod_spec(pick(jobs, "CronJob", "nightly-report"))
    assert pod is not None
    [first] = pod["initContainers"]
    told = {"SOUNDSTAGE_URL": dashboard(running), "SOUNDSTAGE_TOKEN": cron_token(running.token)}
    assert set(told) == {one["name"] for one in first["env"]}
    words = [job if word == "nightly-report" else word for word in first["command"][1:]]
    assert running.run(*words, **told).returncode == code
    newest = running.wait_for(channel="schedule")[0]
    assert (newest["facts"]["job"], newest["protocol"], newest["left"]) == (job, "kubernetes", code == 0)


def test_the_api_answers_to_the_name_that_pods_use(running: Running) -> None:
    jobs = documents(EXAMPLE / "shop" / "jobs.yaml")
    url = re.search(r"http://(\S+:8025)", str(jobs))
    assert url is not None
    headers = {"host": url[1], "authorization": f"Bearer {running.token}"}
    assert (
        httpx.get(f"{dashboard(running)}/api/captures", headers=headers, trust_env=False, timeout=PATIENCE).status_code
        == 200
    )
