"""The Kubernetes manifests: the published schemas take them, names and ports agree, and nothing has a way out."""

import re
import shutil
from collections import Counter
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from kubernetes_stage import (
    EXAMPLE,
    KUBERNETES,
    KUSTOMIZATIONS,
    Manifest,
    built,
    kustomization,
    needs_kubectl,
    own,
    pick,
    pod_spec,
    ports,
    settings_of,
)

from soundstage.settings import Settings
from soundstage.settings_source import read_settings

GUIDE = KUBERNETES.parent.parent / "docs" / "kubernetes.md"
OLDEST, NEWEST = "1.30", "1.37"
"""What the guide promises: ValidatingAdmissionPolicy is v1 since 1.30."""
BUILT = (EXAMPLE / "gateway", EXAMPLE / "shop", EXAMPLE / "admission")
named = pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda one: str(one.relative_to(KUBERNETES)))


@pytest.fixture(scope="module")
def gateway() -> list[Manifest]:
    """The base, as it stands."""
    return own(KUBERNETES / "gateway")


@pytest.fixture(scope="module")
def container(gateway: list[Manifest]) -> Manifest:
    """The gateway's only one."""
    [one] = pick(gateway, "Deployment", "soundstage")["spec"]["template"]["spec"]["containers"]
    found: Manifest = one
    return found


@named
def test_every_file_is_listed_once_and_exists(folder: Path) -> None:
    said = kustomization(folder)
    listed = [*said.get("resources", ()), *said.get("components", ())]
    listed += [one["path"] for one in said.get("replacements", ()) if "path" in one]
    listed += [file for made in said.get("configMapGenerator", ()) for file in made["files"]]
    assert [name for name, times in Counter(listed).items() if times > 1] == []
    assert [name for name in listed if not (folder / name).exists()] == []
    assert {path.name for path in folder.glob("*.yaml")} == {one for one in listed if "/" not in one and "." in one} | {
        "kustomization.yaml"
    }


@named
def test_the_published_schemas_take_every_manifest(folder: Path) -> None:
    for manifest in own(folder):
        assert kubernetes_validate.validate(manifest, OLDEST, strict=True)


@needs_kubectl
@pytest.mark.parametrize("folder", BUILT, ids=lambda one: str(one.relative_to(KUBERNETES)))
def test_the_published_schemas_take_what_kubectl_builds(folder: Path) -> None:
    manifests = built(folder)
    assert manifests
    for manifest in manifests:
        assert kubernetes_validate.validate(manifest, NEWEST, strict=True)


def test_everything_means_the_same_pods(gateway: list[Manifest]) -> None:
    deployment = pick(gateway, "Deployment", "soundstage")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selected = [deployment["selector"]["matchLabels"]]
    selected += [one["spec"]["selector"] for one in gateway if one["kind"] == "Service"]
    selected += [one["spec"]["podSelector"]["matchLabels"] for one in gateway if one["kind"] == "NetworkPolicy"]
    contained = [one for one in own(KUBERNETES / "contained") if one["kind"] == "NetworkPolicy"]
    peers = [peer for one in contained for rule in one["spec"]["egress"] for peer in rule["to"]]
    inside = [peer["podSelector"]["matchLabels"] for peer in peers if peer.get("podSelector")]
    assert len(selected) == 4
    assert len(inside) == 2
    assert all(one == labels for one in (*selected, *inside))
    assert {one["metadata"].get("namespace", one["metadata"]["name"]) for one in gateway} == {"soundstage"}


def test_ports_are_the_settings_defaults(gateway: list[Manifest], container: Manifest) -> None:
    opened = {one["name"]: (one["containerPort"], one.get("protocol", "TCP")) for one in container["ports"]}
    wanted = {name: (getattr(Settings(), f"{name}_port"), "TCP") for name in opened if not name.startswith("dns")}
    assert opened == wanted | {"dns": (Settings().dns_port, "UDP"), "dns-tcp": (Settings().dns_port, "TCP")}
    services = {
        (one["port"], one.get("protocol", "TCP")): opened[one["targetPort"]]
        for service in gateway
        if service["kind"] == "Service"
        for one in service["spec"]["ports"]
    }
    assert all(outside[1] == inside[1] for outside, inside in services.items())
    steered = {443: "https", 80: "http", 25: "smtp", 587: "smtp", 2525: "smtp", 465: "smtps", 53: "dns-tcp"}
    assert {port: services[port, "TCP"] for port in steered} == {port: opened[name] for port, name in steered.items()}
    assert services[53, "UDP"] == opened["dns"]


def test_staging_reaches_every_entrance_and_never_the_dashboard(gateway: list[Manifest], container: Manifest) -> None:
    every = {(one["containerPort"], one.get("protocol", "TCP")) for one in container["ports"]}
    traffic = every - {(Settings().dashboard_port, "TCP")}
    policy = pick(gateway, "NetworkPolicy", "soundstage-gateway")["spec"]
    contained = pick(own(KUBERNETES / "contained"), "NetworkPolicy", "soundstage-contained")["spec"]
    staging, looking = policy["ingress"]
    assert set(ports([staging])) == set(ports(contained["egress"][1:])) == traffic
    assert staging["from"] == [{"namespaceSelector": {"matchLabels": {"soundstage.dev/contained": "true"}}}]
    assert set(ports([looking])) == every - traffic
    assert [set(peer) for peer in looking["from"]] == [{"namespaceSelector"}, {"namespaceSelector", "podSelector"}]


def test_the_gateway_reaches_the_clusters_dns_alone(gateway: list[Manifest]) -> None:
    policy = pick(gateway, "NetworkPolicy", "soundstage-gateway")["spec"]
    [rule] = policy["egress"]
    assert "Egress" in policy["policyTypes"]
    assert set(ports([rule])) == {(53, "UDP"), (53, "TCP")}
    assert [set(peer) for peer in rule["to"]] == [{"namespaceSelector", "podSelector"}]


def test_a_contained_namespace_reaches_itself_its_like_and_soundstage_alone() -> None:
    policy = pick(own(KUBERNETES / "contained"), "NetworkPolicy", "soundstage-contained")["spec"]
    assert policy["podSelector"] == {}
    assert policy["policyTypes"] == ["Egress"]
    inside, outside = policy["egress"]
    like = {"namespaceSelector": {"matchLabels": {"soundstage.dev/contained": "true"}}}
    assert inside == {"to": [{"podSelector": {}}, like]}
    [peer] = outside["to"]
    assert peer["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "soundstage"}}


def test_the_gateway_is_nobody_special(gateway: list[Manifest], container: Manifest) -> None:
    pod = pod_spec(pick(gateway, "Deployment", "soundstage"))
    assert pod is not None
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    image = (KUBERNETES.parent.parent / "Dockerfile").read_text()
    assert f"--uid {pod['securityContext']['runAsUser']} " in image
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    written = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
    assert written == {"/data", "/trust", "/tmp"}


def test_the_settings_are_ones_it_takes(gateway: list[Manifest], container: Manifest) -> None:
    read = read_settings({**settings_of(gateway), container["env"][0]["name"]: "10.244.0.7"})
    assert read.bind == "10.244.0.7"
    assert read.steered_to == (pick(gateway, "Service", "soundstage")["spec"]["clusterIP"],)
    mounted = [one["mountPath"] for one in container["volumeMounts"]]
    for path in (read.data_dir, read.trust_dir, *read.policy):
        assert any(Path(mount) in Path(str(path)).parents or mount == str(path) for mount in mounted), path
    storage = pick(gateway, "PersistentVolumeClaim", "soundstage-data")["spec"]["resources"]["requests"]["storage"]
    assert int(storage.removesuffix("Gi")) * 2**30 > read.keep_bytes


def test_containers_trust_by_the_variables_of_compose() -> None:
    text = (KUBERNETES / "contained" / "trust.yaml").read_text()
    compose = yaml.safe_load((KUBERNETES.parent / "compose" / "contained.yaml").read_text())["x-contained"]
    # PHP and Java read neither: the guide says what they need.
    certificates = {name for name, value in compose["environment"].items() if value.endswith(".pem")}
    for begins in ("spec.containers", "spec.template", "spec.jobTemplate"):
        named = set(re.findall(rf"- {begins}\S*\.env\.\[name=(\w+)\]", text))
        assert named == certificates, begins


@needs_kubectl
def test_what_is_contained_asks_soundstage_and_trusts_it() -> None:
    shop = built(EXAMPLE / "shop")
    pods = [pod for one in shop if (pod := pod_spec(one)) is not None]
    assert len(pods) == 4
    for pod in pods:
        assert pod["dnsPolicy"] == "None"
        assert pod["dnsConfig"]["nameservers"] == ["10.96.0.53"]
        assert pod["dnsConfig"]["searches"][0] == "shop-staging.svc.cluster.local"
        for one in pod["containers"]:
            assert {"mountPath": "/etc/soundstage/trust", "name": "soundstage-trust"} in one["volumeMounts"]
            told = {item["name"]: item.get("value") for item in one["env"]}
            assert told["SSL_CERT_FILE"] == "/etc/soundstage/trust/ca-bundle.pem"
            assert told["NODE_EXTRA_CA_CERTS"] == "/etc/soundstage/trust/ca.pem"
    assert pick(shop, "Namespace", "shop-staging")["metadata"]["labels"]["soundstage.dev/contained"] == "true"
    assert "SMTP_HOST" in str(pick(shop, "Deployment", "shop"))
    # What only replacements read is not sent.
    assert [one["metadata"]["name"] for one in shop if one["kind"] == "ConfigMap"] == []


@needs_kubectl
def test_jobs_are_suspended_unless_somebody_opted_them_in() -> None:
    shop = built(EXAMPLE / "shop")
    running = [one["metadata"]["name"] for one in shop if one["kind"] == "CronJob" and not one["spec"].get("suspend")]
    assert running == ["nightly-report"]


@needs_kubectl
def test_another_clusters_addresses_are_said_once(tmp_path: Path) -> None:
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    file = tmp_path / "kubernetes" / "overlays" / "example" / "cluster" / "cluster.yaml"
    file.write_text(re.sub(r"10\.96\.0\.", "10.43.0.", file.read_text()))
    for name in ("gateway", "shop", "admission"):
        text = yaml.safe_dump_all(built(file.parent.parent / name))
        assert "10.96.0." not in text
        assert "10.43.0.53" in text


def test_every_policy_is_bound_denies_and_fails_closed() -> None:
    manifests = own(KUBERNETES / "admission")
    policies = [one for one in manifests if one["kind"] == "ValidatingAdmissionPolicy"]
    assert len(policies) == 4
    for policy in policies:
        assert policy["spec"]["failurePolicy"] == "Fail"
        binding = pick(manifests, "ValidatingAdmissionPolicyBinding", policy["metadata"]["name"])["spec"]
        assert binding["policyName"] == policy["metadata"]["name"]
        assert binding["validationActions"] == ["Deny"]
        assert binding["matchResources"] == {"namespaceSelector": {"matchLabels": {"soundstage.dev/contained": "true"}}}


def test_the_guide_names_every_folder_and_its_limits() -> None:
    guide = GUIDE.read_text()
    folders = {str(folder.relative_to(KUBERNETES)) for folder in KUSTOMIZATIONS}
    assert [name for name in folders if name not in guide] == []
    assert "**None of this was run on a real cluster" in guide
