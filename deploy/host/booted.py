"""What deploy/host/try does inside its namespaces: boots the host, sets it up, and judges by what the world received.

The host passes packets on (`99-try.conf`), so that nothing but the rules holds; what brings its network up says first
which rules there were.
"""

import argparse
import datetime
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from nspawn_host import Host, Wrong, own_machine, within

HERE = Path(__file__).resolve().parent
GUIDE = HERE.parent.parent / "docs" / "host.md"
CONFIG = "--config /etc/soundstage/soundstage.yaml"
SOUNDSTAGE = "/opt/soundstage/.venv/bin/soundstage"
NETWORK = """[Unit]
DefaultDependencies=no
After=network-pre.target sysinit.target
Before=network.target network-online.target
Wants=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'nft list tables > /run/before-network'
ExecStart=/sbin/ip address add 10.77.0.1/24 dev eth1
ExecStart=/sbin/ip address add 198.51.100.1/24 dev eth0
ExecStart=/sbin/ip link set eth1 up
ExecStart=/sbin/ip link set eth0 up
ExecStart=/sbin/ip route add default via 198.51.100.2
[Install]
WantedBy=multi-user.target
"""
JOB = """[Service]
Type=oneshot
ExecStart=/usr/bin/touch /run/{job}-ran
"""
TIMER = """[Timer]
OnActiveSec=1
AccuracySec=100ms
"""
POLICY = """version: 1
environment: try
opt_in:
  - id: nightly
    schedule: {job: nightly-report}
    why: deploy/host/try sees it run
    owner: platform
    expires: EXPIRES
"""


def must(holds: bool, what: str) -> None:
    """Wrong, unless it holds."""
    if not holds:
        raise Wrong(what)


def guides_steps() -> str:
    """The commands of the guide, as they stand."""
    found = re.search(r"## Steps\n.*?```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    if found is None:
        raise Wrong(f"{GUIDE} has no steps")
    return found[1]


def prepare(root: Path) -> None:
    """What is the trial's and not the guide's: a network, and a host that would pass everything on."""
    (root / "etc/sysctl.d/99-try.conf").write_text("net.ipv4.ip_forward = 1\n")
    for own in (root / "usr/lib/sysctl.d").iterdir():
        own.unlink()  # keys of the whole machine, which a container may not set
    unit = root / "etc/systemd/system/try-network.service"
    unit.write_text(NETWORK)
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")


def held(host: Host) -> None:
    """That it is contained, from before its network was there, and that what staging asks is captured."""
    must("table inet soundstage" in host.run("cat /run/before-network"), "the network was up before the rules")
    within("what staging sends is not captured", lambda: len(host.asked()) > 30)
    host.run(f"{SOUNDSTAGE} contain status {CONFIG}")
    states = host.run("systemctl is-failed soundstage soundstage-contain", check=False)
    must("failed" not in states, f"a unit failed: {states}")


def killed(host: Host) -> None:
    """That the rules hold while nobody serves, and that systemd starts the gateway anew."""
    main = "systemctl show -P MainPID soundstage"
    first = host.run(main)
    host.run("systemctl kill --signal=KILL --kill-whom=all soundstage")
    within("the gateway was not started anew", lambda: host.run(main) not in (first, "0\n"))
    held(host)


def flushed(host: Host) -> None:
    """That the rules come back after `flush ruleset`, while the host's own settings pass nothing on."""
    host.run("sysctl -qw net.ipv4.ip_forward=0")
    for how in ("start", "restart", "reload"):
        host.run(f"systemctl {how} nftables")
        within(f"the rules did not come back after a {how}", lambda: "inet soundstage" in host.run("nft list tables"))
    host.run("sysctl -qw net.ipv4.ip_forward=1")


def recorded(host: Host, listed: str, job: str) -> bool:
    """Whether a job stands in a list of captures."""
    return f'"{job}"' in host.run(listed)


def timers(host: Host) -> None:
    """That a timer's job runs only where the policy opts it in, and that the other is on record."""
    token = host.run(f"{SOUNDSTAGE} cron token {CONFIG}").strip()
    etc = host.root / "etc"
    (etc / "soundstage/cron.env").write_text(f"SOUNDSTAGE_URL=http://127.0.0.1:8025\nSOUNDSTAGE_TOKEN={token}\n")
    drop_in = (HERE.parent / "cron" / "soundstage.conf").read_text()
    for job in ("nightly-report", "send-invoices"):
        (etc / f"systemd/system/{job}.service").write_text(JOB.format(job=job))
        (etc / f"systemd/system/{job}.timer").write_text(TIMER)
        (etc / f"systemd/system/{job}.service.d").mkdir()
        (etc / f"systemd/system/{job}.service.d/soundstage.conf").write_text(drop_in)
    host.run("ln -s /opt/soundstage/.venv/bin/soundstage /usr/local/bin/soundstage && systemctl daemon-reload")
    host.run("systemctl start nightly-report.timer send-invoices.timer")
    listed = f"{SOUNDSTAGE} captures list --channel schedule {CONFIG} --json"
    for job in ("nightly-report", "send-invoices"):
        within(f"the job {job} is not on record", partial(recorded, host, listed, job))
    within("the job that is opted in did not run", lambda: host.run("ls /run").count("nightly-report-ran") == 1)
    shown = host.run("systemctl show -P Result -P ActiveState send-invoices.service")
    must("send-invoices-ran" not in host.run("ls /run"), "a job ran that nobody opted in")
    must("exec-condition" in shown and "failed" not in shown, f"the job that may not run is a failure: {shown}")


def opted_in(host: Host) -> None:
    """The guide's settings with a policy."""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    folder = host.root / "etc/soundstage"
    (folder / "policy.yaml").write_text(POLICY.replace("EXPIRES", str(today + datetime.timedelta(days=30))))
    settings = folder / "soundstage.yaml"
    settings.write_text(settings.read_text().replace("# policy: policy.yaml", "policy: /etc/soundstage/policy.yaml"))
    host.run("systemctl restart soundstage")


def first_boot(host: Host) -> None:
    """Nothing contains staging; then the guide's steps do."""
    within("nothing of staging's reaches the world, although nothing contains it", lambda: bool(host.sightings()))
    host.run(guides_steps())
    within("what staging sends is not captured", lambda: len(host.asked()) > 30)
    seen = len(host.sightings())
    within("what staging asks is not captured", lambda: len(host.asked()) > 30)
    must(len(host.sightings()) == seen, "staging still reaches the world")


def second_boot(host: Host) -> None:
    """With the units in place."""
    held(host)
    killed(host)
    flushed(host)
    opted_in(host)
    held(host)
    timers(host)


BOOTS = (
    ("booted without the units, then set up as the guide says", first_boot),
    ("booted with them: gateway killed, nftables started anew, timers", second_boot),
    ("booted again after a power cut", held),
)


def seen(host: Host, sees: Callable[[Host], None]) -> None:
    """What is to be seen of one boot; with the host's own words where it is not."""
    try:
        sees(host)
    except Wrong as trouble:
        units = "--unit=soundstage --unit=soundstage-contain --unit=send-invoices --unit=nightly-report"
        raise Wrong(f"{trouble}\n{host.run(f'journalctl --no-pager --lines=30 {units}', check=False)}") from None


def main() -> int:
    """0: all of it holds."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("work", type=Path)
    work = asked.parse_args().work
    own_machine(work)
    prepare(work / "root")
    try:
        for number, (name, sees) in enumerate(BOOTS):
            with Host(work) as host:
                seen(host, sees)
                must(number == 0 or not host.sightings(), f"the world saw staging: {host.sightings()[:5]}")
            print(f"  {name}", flush=True)
    except Wrong as trouble:
        print(f"soundstage: error: {trouble}", file=sys.stderr)
        print("\n".join((work / "console.log").read_text(errors="replace").splitlines()[-30:]), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
