"""A cluster of one node, built out of network namespaces of the small internet: pods, Services, DNS, and the policies.

    shop ----+
    database +
    gateway -+-- node -- world, which logs every packet
    dns -----+
    other ---+

The node passes everything on, and has a default route to the world: nothing but the NetworkPolicies holds. The shop is
the small internet's staging host, the node its gateway.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from cluster_dns import ClusterDns
from kubernetes_stage import Manifest, pick, pod_spec, settings_of
from network_policies import Cluster, Pod, rules, services
from running import Running
from small_internet import ENTER, EVERY, EVERY_V6, OUTSIDE, OUTSIDE_V6, STAGING, STAGING_V6, SmallInternet
from small_internet_world import inside

DASHBOARD, CLUSTER_DNS = "10.96.0.25", "10.96.0.10"
"""Addresses of Services: the first a cluster would have chosen, the second is the example's."""
DNS_SERVICE: Manifest = {
    "kind": "Service",
    "metadata": {"name": "kube-dns", "namespace": "kube-system"},
    "spec": {
        "clusterIP": CLUSTER_DNS,
        "selector": {"k8s-app": "kube-dns"},
        "ports": [{"port": 53, "protocol": "UDP", "targetPort": 53}, {"port": 53, "targetPort": 53}],
    },
}
TOKEN = "a-token-for-the-cluster"
GATEWAY_ID = 10001
"""The user that the deployment names."""


class PodNetwork(SmallInternet):
    """Stands while the block lasts. `manifests`: as kubectl builds them; `policy`: a file of Soundstage's."""

    def __init__(self, manifests: Sequence[Manifest], policy: Path) -> None:
        self._manifests, self._policy = manifests, policy
        deployment = pick(manifests, "Deployment", "soundstage")
        [container] = (pod_spec(deployment) or {})["containers"]
        named = {one["name"]: one["containerPort"] for one in container["ports"]}
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        self.pods = {
            "gateway": _pod(1, "gateway", "soundstage", labels, named),
            "dns": _pod(2, "dns", "kube-system", {"k8s-app": "kube-dns"}),
            "database": _pod(3, "database", "shop-staging", {"app": "database"}),
            "other": _pod(4, "other", "default", {"app": "other"}),
            "shop": Pod("shop", "shop-staging", {"app": "shop"}, STAGING, STAGING_V6),
        }

    def __enter__(self) -> "PodNetwork":
        super().__enter__()
        self._dns = ClusterDns(lambda make: inside(self.place("dns"), make), self._service_names())
        given = services(self._services(), {"soundstage-dashboard": DASHBOARD}, self.cluster())
        self.within("gateway", "nft", "-f", "-", given=given)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._dns.close()
        super().__exit__(kind, error, trace)

    def place(self, pod: str) -> str:
        """The network namespace of a pod, by its name under /run/netns."""
        return self.names["staging" if pod == "shop" else f"pod-{pod}"]

    def cluster(self, **labels: Mapping[str, str]) -> Cluster:
        """What policies select from; `labels`: of pods, in place of their own."""
        told = [one["metadata"] for one in self._manifests if one["kind"] == "Namespace"]
        spaces = {"kube-system": {}, "default": {}} | {one["name"]: one.get("labels", {}) for one in told}
        named = {name: {**own, "kubernetes.io/metadata.name": name} for name, own in spaces.items()}
        return Cluster(named, [replace(one, labels=labels.get(name, one.labels)) for name, one in self.pods.items()])

    def enforce(self, policies: Sequence[Manifest], **labels: Mapping[str, str]) -> None:
        """Have these NetworkPolicies hold, and no others."""
        self.within("gateway", "nft", "-f", "-", given=rules(policies, self.cluster(**labels)))

    def resolve_by(self, server: str, *lines: str) -> None:
        """What the shop's resolv.conf says from now on."""
        (self.folder / "resolv.conf").write_text("\n".join([f"nameserver {server}", *lines]) + "\n")

    def start(self) -> None:
        """Soundstage in the gateway's pod, with the manifests' settings."""
        data, token = self.folder / "volume" / "soundstage", self.folder / "token"
        data.parent.mkdir(mode=0o700)
        # As on a cluster, nobody without the gateway's id or root's powers looks into it: no test beside this one.
        os.chown(data.parent, GATEWAY_ID, GATEWAY_ID)
        (self.folder / "trust").mkdir()
        token.write_text(TOKEN + "\n")
        more = {
            **settings_of(list(self._manifests)),
            "SOUNDSTAGE_DATA_DIR": str(data),
            "SOUNDSTAGE_BIND": self.pods["gateway"].v4,
            "SOUNDSTAGE_TRUST_DIR": str(self.folder / "trust"),
            "SOUNDSTAGE_POLICY": str(self._policy),
            "SOUNDSTAGE_ADMIN_TOKEN_FILE": str(token),
        }
        (self.folder / "gateway.conf").write_text(f"nameserver {CLUSTER_DNS}\n")
        named = ["unshare", "--mount", "sh", "-c", ENTER, str(self.folder / "gateway.conf")]
        before = [*self.entered("pod-gateway"), *named]
        self._gateway = Running(self.folder, more, data=data, before=before, free_ports=False)
        self._gateway.start()

    def _services(self) -> list[Manifest]:
        return [*(one for one in self._manifests if one["kind"] == "Service"), DNS_SERVICE]

    def _service_names(self) -> dict[str, str]:
        return {
            f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc.cluster.local.": one["spec"].get(
                "clusterIP", DASHBOARD
            )
            for one in self._services()
        }

    def _build(self) -> None:
        super()._build()
        node, world = self.names["gateway"], self.names["world"]
        for at, pod in enumerate((one for one in self.pods.values() if one.name != "shop"), 1):
            own = self.names[f"pod-{pod.name}"] = f"{node}-{pod.name}"
            subprocess.run(["ip", "netns", "add", own], check=True)
            self._settle(own)
            link = f"link add eth0 netns {own} type veth peer name pod{at} netns {node}\n"
            subprocess.run(["ip", "-batch", "-"], input=link, text=True, check=True)
            self._addresses(node, {f"pod{at}": (f"10.244.{at}.1", f"fd77:244:{at}::1")}, [])
            ways = [(EVERY, f"10.244.{at}.1"), (EVERY_V6, f"fd77:244:{at}::1")]
            self._addresses(own, {"eth0": (pod.v4, pod.v6)}, ways)
        back = f"route add 10.244.0.0/16 via {OUTSIDE}\nroute add fd77:244::/32 via {OUTSIDE_V6}\n"
        subprocess.run(["ip", "-netns", world, "-batch", "-"], input=back, text=True, check=True)


def _pod(at: int, name: str, namespace: str, labels: Mapping[str, str], ports: Mapping[str, int] | None = None) -> Pod:
    return Pod(name, namespace, labels, f"10.244.{at}.2", f"fd77:244:{at}::2", ports or {})
