"""What the admission policies let into a contained namespace, and in which words they refuse the rest."""

import copy
from typing import Any

import pytest
from cel_expr_python import cel
from kubernetes_admission import Admission, NoAnswer
from kubernetes_stage import EXAMPLE, KUBERNETES, Manifest, built, documents, needs_kubectl, own, pick, pod_spec

DNS = {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.96.0.53"]}}
GOOD = {"name": "app", "image": "app"}
PRIVILEGED = {**GOOD, "securityContext": {"privileged": True}}
CONTROLLER = "system:serviceaccount:kube-system:namespace-controller"


def pod(**more: Any) -> Manifest:
    return {"metadata": {"name": "app"}, "spec": {"containers": [GOOD], **DNS, **more}}


def powers(*names: str) -> Manifest:
    return {**GOOD, "securityContext": {"capabilities": {"add": list(names)}}}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param(pod(), None, id="plain"),
        pytest.param(pod(hostNetwork=False, volumes=[{"name": "a", "emptyDir": {}}]), None, id="said-to-be-plain"),
        pytest.param(pod(containers=[powers("NET_BIND_SERVICE")]), None, id="low-ports"),
        pytest.param(pod(hostNetwork=True), "hostNetwork", id="the-nodes-network"),
        pytest.param(pod(hostPID=True), "hostPID", id="the-nodes-processes"),
        pytest.param(pod(hostIPC=True), "hostIPC", id="the-nodes-memory"),
        pytest.param(pod(volumes=[{"name": "a", "hostPath": {"path": "/run"}}]), "hostPath", id="an-engines-socket"),
        pytest.param(
            pod(containers=[{**GOOD, "securityContext": {"privileged": True}}]), "privileged", id="privileged"
        ),
        pytest.param(pod(containers=[GOOD, powers("NET_ADMIN")]), "capability", id="routes-of-its-own"),
        pytest.param(pod(initContainers=[powers("NET_RAW")]), "capability", id="raw-frames-at-first"),
        pytest.param(pod(ephemeralContainers=[powers("ALL")]), "capability", id="to-debug"),
        pytest.param(pod(dnsPolicy="ClusterFirst"), "[10.96.0.53] alone", id="the-clusters-dns"),
        pytest.param(pod(dnsConfig={"nameservers": ["10.96.0.53", "8.8.8.8"]}), "alone", id="a-second-resolver"),
        pytest.param({"spec": {"containers": [GOOD]}}, "alone", id="no-dns-said"),
    ],
)
def test_pods(asked: Manifest, words: str | None) -> None:
    refused = Admission.of(cel, "pods.yaml").refusals(asked)
    assert (words is None) is (refused == [])
    assert words is None or words in refused[0]


def nightly() -> Manifest:
    return copy.deepcopy(pick(documents(EXAMPLE / "shop" / "jobs.yaml"), "CronJob", "nightly-report"))


def without(annotation: str) -> Manifest:
    job = nightly()
    del job["metadata"]["annotations"][f"soundstage.dev/{annotation}"]
    return job


def annotated(name: str, value: str) -> Manifest:
    job = nightly()
    job["metadata"]["annotations"][f"soundstage.dev/{name}"] = value
    return job


def asking(**more: Any) -> Manifest:
    job = nightly()
    job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"][0] |= more
    return job


def unasked(first: list[Manifest]) -> Manifest:
    job = nightly()
    template = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    template["initContainers"] = first + template["initContainers"] if first else []
    return job


OTHER_NAME = ["soundstage", "cron", "allowed", "send-invoices", "--scheduler", "kubernetes"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param(nightly(), None, id="the-examples-own"),
        pytest.param({"metadata": {"name": "a"}, "spec": {"suspend": True, "jobTemplate": {}}}, None, id="suspended"),
        pytest.param({**without("why"), "spec": {"suspend": True, "jobTemplate": {}}}, None, id="suspended-again"),
        pytest.param(without("schedule-opt-in"), "Set spec.suspend to true", id="nobody-opted-it-in"),
        pytest.param(without("why"), "four annotations", id="without-a-reason"),
        pytest.param(without("expires"), "four annotations", id="without-an-end"),
        pytest.param(annotated("owner", ""), "four annotations", id="without-an-owner"),
        pytest.param(annotated("expires", "never"), "is a date", id="for-ever"),
        pytest.param(annotated("expires", "2026-12-31T00:00:00Z; x"), "is a date", id="more-than-a-date"),
        pytest.param(unasked([]), "first init container", id="asks-nobody"),
        pytest.param(unasked([GOOD]), "first init container", id="does-something-first"),
        pytest.param(asking(name="other"), "first init container", id="called-otherwise"),
        pytest.param(asking(command=["true"]), "first init container", id="asks-for-show"),
        pytest.param(asking(command=OTHER_NAME), "first init container", id="asks-for-another"),
        pytest.param(asking(args=["--json"]), "first init container", id="asks-something-else"),
        pytest.param(asking(restartPolicy="Always"), "first init container", id="does-not-wait-for-the-answer"),
    ],
)
def test_cronjobs(asked: Manifest, words: str | None) -> None:
    refused = Admission.of(cel, "cronjobs.yaml").refusals(asked)
    assert (words is None) is (refused == [])
    assert words is None or any(words in one for one in refused)


def test_a_cronjob_as_production_has_it_is_refused() -> None:
    job = pick(documents(EXAMPLE / "shop" / "jobs.yaml"), "CronJob", "send-invoices")
    assert len(Admission.of(cel, "cronjobs.yaml").refusals(job)) == 3


def network(*egress: Any, name: str = "theirs", **more: Any) -> Manifest:
    return {"metadata": {"name": name}, "spec": {"podSelector": {}, "egress": list(egress), **more}}


def to(*peers: Any) -> Manifest:
    return {"to": list(peers)}


LIKE = {"namespaceSelector": {"matchLabels": {"soundstage.dev/contained": "true"}}}
OURS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "soundstage"}}}
OTHERS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
ANYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0"}}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param({"metadata": {"name": "a"}, "spec": {"ingress": [{}]}}, None, id="who-comes-in"),
        pytest.param(network(), None, id="nothing"),
        pytest.param(network(to({"podSelector": {}}, LIKE), to(OURS)), None, id="inside"),
        pytest.param(network({}), "neither to addresses", id="everybody"),
        pytest.param(network(to()), "neither to addresses", id="everybody-by-an-empty-list"),
        pytest.param(network({"ports": [{"port": 443}]}), "neither to addresses", id="everybody-on-a-port"),
        pytest.param(network(to(ANYWHERE)), "neither to addresses", id="addresses"),
        pytest.param(network(to(LIKE, ANYWHERE)), "neither to addresses", id="addresses-behind-pods"),
        pytest.param(network(to({"namespaceSelector": {}})), "neither to addresses", id="every-namespace"),
        pytest.param(network(to(OTHERS)), "neither to addresses", id="the-clusters-dns"),
        pytest.param(network(to({**OTHERS, "podSelector": {}})), "neither to addresses", id="pods-elsewhere"),
        pytest.param(
            network(name="soundstage-contained", policyTypes=["Ingress"]), "for Egress", id="ours-without-egress"
        ),
        pytest.param(
            network(name="soundstage-contained", policyTypes=["Egress"], podSelector={"matchLabels": {"a": "b"}}),
            "every pod",
            id="ours-for-some",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
def test_networkpolicies(asked: Manifest, words: str | None, operation: str) -> None:
    refused = Admission.of(cel, "networkpolicies.yaml").refusals(asked, operation, old=asked)
    assert (words is None) is (refused == [])
    assert words is None or words in refused[0]


def test_the_policies_of_the_component_are_let_in() -> None:
    admission = Admission.of(cel, "networkpolicies.yaml")
    ours = [one for one in own(KUBERNETES / "contained") if one["kind"] == "NetworkPolicy"]
    assert [admission.refusals(one) for one in ours] == [[], []]


@pytest.mark.parametrize(
    ("name", "user", "refused"),
    [
        pytest.param("soundstage-contained", "somebody", True, id="what-contains"),
        pytest.param("soundstage-contained", CONTROLLER, False, id="with-its-namespace"),
        pytest.param("theirs", "somebody", False, id="another"),
    ],
)
def test_what_contains_a_namespace_is_not_deleted(name: str, user: str, refused: bool) -> None:
    found = Admission.of(cel, "networkpolicies.yaml").refusals(None, "DELETE", old=network(name=name), user=user)
    assert bool(found) is refused


@pytest.mark.parametrize(("kind", "refused"), [("ClusterIP", False), ("ExternalName", True), (None, False)])
def test_services(kind: str | None, refused: bool) -> None:
    asked = {"spec": {} if kind is None else {"type": kind}}
    assert bool(Admission.of(cel, "services.yaml").refusals(asked)) is refused


def test_what_cannot_be_judged_is_no_yes() -> None:
    with pytest.raises(NoAnswer):
        Admission.of(cel, "pods.yaml").refusals({"spec": {}})


@needs_kubectl
def test_the_example_is_let_in_whole() -> None:
    """As the component makes it, and only so: its files as they stand are refused."""
    policies = {
        kind: Admission.of(cel, file)
        for kind, file in (("CronJob", "cronjobs.yaml"), ("NetworkPolicy", "networkpolicies.yaml"))
    }
    shop = built(EXAMPLE / "shop")
    assert [policies[one["kind"]].refusals(one) for one in shop if one["kind"] in policies] == [[]] * 5
    pods = [{"spec": spec} for one in shop if (spec := pod_spec(one)) is not None]
    admission = Admission.of(cel, "pods.yaml")
    assert [admission.refusals(one) for one in pods] == [[]] * 4
    [bare] = documents(EXAMPLE / "shop" / "shop.yaml")
    assert admission.refusals({"spec": pod_spec(bare)})
