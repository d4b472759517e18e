"""The Kubernetes recipe, held by its NetworkPolicies: a cluster of network namespaces, and the doctor inside a pod."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from doctor_stage import by_verdict, examined
from kubernetes_stage import EXAMPLE, Manifest, built, needs_kubectl, pick, pod_spec
from pod_network import CLUSTER_DNS, TOKEN, PodNetwork
from pod_ways import WAYS, listening, open_ways
from small_internet import Packet, cannot

pytestmark = [pytest.mark.skipif(cannot() is not None, reason=str(cannot())), needs_kubectl]
TARGETS = ("--target", "1.1.1.1", "--target", "2606:4700:4700::1111")
"""Of which the world answers every port."""
Change = Callable[[list[Manifest]], None]
SOUND = {
    "shop to its database",
    "shop to Soundstage",
    "stranger to the world",
    "gateway to the cluster's DNS",
    "gateway to public HTTPS",
}
SHOPS = {name for name, way in WAYS.items() if way.pod == "shop" and name != "shop to the dashboard"}
"""All but the dashboard, whose lock is on its own door as well."""


@dataclass
class Scene:
    """The cluster, and what the doctor said: outside, and in a pod that is contained."""

    net: PodNetwork
    outside: dict[str, Any]
    inside: dict[str, Any]
    code: int
    arrived: list[Packet]


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    """As an operator applies them."""
    return [*built(EXAMPLE / "gateway"), *built(EXAMPLE / "shop")]


@pytest.fixture(scope="module")
def scene(manifests: list[Manifest]) -> Iterator[Scene]:
    doctor = pick(manifests, "CronJob", "soundstage-doctor")
    template = doctor["spec"]["jobTemplate"]["spec"]["template"]
    told = (pod_spec(doctor) or {})["dnsConfig"]
    with PodNetwork(manifests, EXAMPLE / "gateway" / "policy.yaml") as net, listening(net):
        net.start()
        bundle, report = net.folder / "trust" / "ca-bundle.pem", net.folder / "outside.json"
        net.resolve_by(CLUSTER_DNS)
        report.write_text(examined(net, bundle, *TARGETS).stdout)
        net.enforce(policies(manifests), shop=template["metadata"]["labels"])
        net.resolve_by(told["nameservers"][0], f"search {' '.join(told['searches'])}", "options ndots:5")
        net.world.reset()
        [container] = (pod_spec(doctor) or {})["containers"]
        given = {one["name"]: one.get("value", TOKEN) for one in container["env"] if one["name"].startswith("SOUND")}
        options = [one.replace("/outside/report.json", "/run/outside.json") for one in container["command"][2:]]
        done = examined(net, bundle, *TARGETS, *options, variables=given, given=report)
        assert done.stdout, done.stderr
        arrived = net.world.packets()
        yield Scene(net, json.loads(report.read_text()), json.loads(done.stdout), done.returncode, arrived)


def policies(manifests: Sequence[Manifest]) -> list[Manifest]:
    return [one for one in manifests if one["kind"] == "NetworkPolicy"]


def test_outside_the_same_ways_are_open(scene: Scene) -> None:
    assert len(by_verdict(scene.outside, "open")) > 30


def test_the_doctor_finds_no_hole_and_nothing_arrives(scene: Scene) -> None:
    assert by_verdict(scene.inside, "open", "unknown", "missing") == {}
    assert (scene.inside["result"], scene.inside["consulted"], scene.code) == ("contained", True, 0)
    assert scene.arrived == []


def test_what_names_lead_to_is_on_record_and_addresses_are_dropped(scene: Scene) -> None:
    captured, dropped = by_verdict(scene.inside, "captured"), by_verdict(scene.inside, "dropped")
    assert {"name::80", "name::9999", "https::443", "dns:10.96.0.53:53"} <= set(captured)
    assert {"tcp:1.1.1.1:443", "udp:1.1.1.1:9999", "tcp:2606:4700:4700::1111:443", "dns:1.1.1.1:53"} <= set(dropped)


def test_the_ways_that_are_open(scene: Scene, manifests: list[Manifest]) -> None:
    scene.net.enforce([])
    assert open_ways(scene.net, WAYS) == set(WAYS)
    scene.net.enforce(policies(manifests))
    assert open_ways(scene.net, SOUND) == SOUND


def without(name: str) -> Change:
    return lambda held: held.remove(pick(held, "NetworkPolicy", name))


def spec(name: str, change: Callable[[dict[str, Any]], Any]) -> Change:
    return lambda held: change(pick(held, "NetworkPolicy", name)["spec"])


CONTAINED, GATEWAY, OPTED_IN = "soundstage-contained", "soundstage-gateway", "soundstage-opted-in"
DATABASE, STRANGERS = {"database to the world"}, {"stranger to Soundstage", "stranger to the dashboard"}
LETS_OUT = [
    # What is taken away, and the ways that it opens.
    pytest.param(without(CONTAINED), SHOPS | DATABASE, id="no-policy-contains"),
    pytest.param(
        spec(CONTAINED, lambda one: one.update(policyTypes=["Ingress"], ingress=[{}])),
        SHOPS | DATABASE, id="not-for-egress",
    ),
    pytest.param(
        spec(CONTAINED, lambda one: one.update(podSelector={"matchLabels": {"app": "shop"}})),
        DATABASE, id="not-for-every-pod",
    ),
    pytest.param(spec(CONTAINED, lambda one: one["egress"][0].pop("to")), SHOPS | DATABASE, id="to-anywhere"),
    pytest.param(
        spec(CONTAINED, lambda one: one["egress"][0]["to"].append({"namespaceSelector": {}})),
        {"shop to a stranger", "shop to the cluster's DNS"}, id="to-any-namespace",
    ),
    pytest.param(spec(GATEWAY, lambda one: one.update(policyTypes=["Egress"])), STRANGERS, id="the-gateway-for-all"),
    pytest.param(spec(GATEWAY, lambda one: one["egress"][0].pop("to")), {"gateway to a resolver"}, id="any-resolver"),
    pytest.param(
        spec(OPTED_IN, lambda one: one["egress"][0]["to"][0]["ipBlock"].pop("except")),
        {"gateway to metadata", "gateway to a stranger"}, id="opted-in-without-exceptions",
    ),
    pytest.param(
        spec(OPTED_IN, lambda one: one["egress"][0].pop("ports")),
        {"gateway to public SSH", "gateway to a resolver"}, id="opted-in-on-any-port",
    ),
]  # fmt: skip
NEEDED = [
    # What permits, and the way that is shut without it.
    pytest.param(without(OPTED_IN), "gateway to public HTTPS", id="nothing-opted-in"),
    pytest.param(spec(CONTAINED, lambda one: one["egress"].pop(0)), "shop to its database", id="no-neighbours"),
    pytest.param(spec(CONTAINED, lambda one: one["egress"].pop(1)), "shop to Soundstage", id="no-way-in"),
    pytest.param(spec(GATEWAY, lambda one: one["ingress"].pop(0)), "shop to Soundstage", id="the-door-shut"),
    pytest.param(spec(GATEWAY, lambda one: one["egress"].pop(0)), "gateway to the cluster's DNS", id="no-names"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "opened"), LETS_OUT)
def test_without_each_hold_a_hole_is_found(
    scene: Scene, manifests: list[Manifest], change: Change, opened: set[str]
) -> None:
    assert changed(scene, manifests, change, SOUND | opened) == SOUND | opened


@pytest.mark.parametrize(("change", "shut"), NEEDED)
def test_nothing_is_permitted_in_vain(scene: Scene, manifests: list[Manifest], change: Change, shut: str) -> None:
    assert changed(scene, manifests, change, SOUND - {shut}) == SOUND - {shut}


def changed(scene: Scene, manifests: list[Manifest], change: Change, expected: set[str]) -> set[str]:
    """The ways that are open once the policies are not what they were."""
    held = copy.deepcopy(policies(manifests))
    change(held)
    scene.net.enforce(held)
    return open_ways(scene.net, expected)


def test_only_pods_that_say_so_reach_the_api(scene: Scene, manifests: list[Manifest]) -> None:
    scene.net.enforce(policies(manifests), shop={"soundstage.dev/api": "true"})
    expected = {*SOUND, "shop to the dashboard"}
    assert open_ways(scene.net, expected) == expected
