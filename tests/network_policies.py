"""NetworkPolicies as nftables rules of a node, by the words of the Kubernetes API reference; Services as kube-proxy's.

What is not permitted is dropped without a word, as network plugins do. A pod that no policy selects for a direction is
not isolated in it; policies add up; both ends have to permit a connection; answers pass, and so does the node itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kubernetes_stage import Manifest

Direction = Literal["egress", "ingress"]
ENDS: Mapping[Direction, str] = {"egress": "daddr", "ingress": "saddr"}
OWN: Mapping[Direction, str] = {"egress": "saddr", "ingress": "daddr"}
PEERS: Mapping[Direction, str] = {"egress": "to", "ingress": "from"}


@dataclass(frozen=True)
class Pod:
    """As policies and Services see one. `ports`: its containers' named ones."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    v4: str
    v6: str
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Cluster:
    """Namespaces by name, with their labels, and the pods in them."""

    namespaces: Mapping[str, Mapping[str, str]]
    pods: Sequence[Pod]

    def meant(self, namespace: str, peer: Mapping[str, Any]) -> list[Pod]:
        """The pods of a peer with selectors, in a policy of that namespace."""
        spaces = [namespace]
        if "namespaceSelector" in peer:
            spaces = [name for name, labels in self.namespaces.items() if selects(peer["namespaceSelector"], labels)]
        return [
            one for one in self.pods if one.namespace in spaces and selects(peer.get("podSelector", {}), one.labels)
        ]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A LabelSelector. An empty one selects everything."""
    if any(labels.get(name) != value for name, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_expressed(one, labels) for one in selector.get("matchExpressions", ()))


def _expressed(one: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    held = labels.get(one["key"])
    return {
        "In": held in one.get("values", ()),
        "NotIn": held not in one.get("values", ()),
        "Exists": held is not None,
        "DoesNotExist": held is None,
    }[one["operator"]]


def rules(policies: Sequence[Manifest], cluster: Cluster) -> str:
    """The table `inet plugin`, in place of the one before."""
    lines = ["table inet plugin", "delete table inet plugin", "table inet plugin {"]
    jumps = []
    for number, pod in enumerate(cluster.pods):
        for direction, own in OWN.items():
            chain, name = list(_chain(direction, pod, policies, cluster)), f"{direction}_{number}"
            if chain:
                lines += [f"chain {name} {{", *chain, "drop", "}"]
                jumps += [f"ip {own} {pod.v4} jump {name}", f"ip6 {own} {pod.v6} jump {name}"]
    hook = "type filter hook forward priority 0; policy accept;"
    lines += ["chain forward {", hook, "ct state established,related accept", *jumps, "}", "}"]
    return "\n".join(lines) + "\n"


def _chain(direction: Direction, pod: Pod, policies: Sequence[Manifest], cluster: Cluster) -> Iterator[str]:
    """What may pass, and before it a comment, so that an isolated pod has a chain even where nothing may."""
    for policy in policies:
        spec, namespace = policy["spec"], policy["metadata"]["namespace"]
        if pod.namespace != namespace or not selects(spec.get("podSelector", {}), pod.labels):
            continue
        if direction.capitalize() not in spec.get("policyTypes", _implied(spec)):
            continue
        yield f"# {policy['metadata']['name']}"
        for rule in spec.get(direction) or ():
            for peer in _peers(direction, rule, namespace, cluster):
                yield from (f"{peer} {port} return".strip() for port in _ports(rule))


def _implied(spec: Mapping[str, Any]) -> list[str]:
    return ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _peers(direction: Direction, rule: Mapping[str, Any], namespace: str, cluster: Cluster) -> Iterator[str]:
    end = ENDS[direction]
    if not rule.get(PEERS[direction]):
        yield ""
    for peer in rule.get(PEERS[direction]) or ():
        if "ipBlock" in peer:
            yield _block(end, peer["ipBlock"])
            continue
        pods = cluster.meant(namespace, peer)
        if pods:
            yield f"ip {end} {{ {', '.join(one.v4 for one in pods)} }}"
            yield f"ip6 {end} {{ {', '.join(one.v6 for one in pods)} }}"


def _block(end: str, block: Mapping[str, Any]) -> str:
    family = "ip6" if ":" in block["cidr"] else "ip"
    whole = f"{family} {end} {block['cidr']}"
    return f"{whole} {family} {end} != {{ {', '.join(block['except'])} }}" if block.get("except") else whole


def _ports(rule: Mapping[str, Any]) -> Iterator[str]:
    if not rule.get("ports"):
        yield ""
    for one in rule.get("ports") or ():
        protocol = one.get("protocol", "TCP").lower()
        if "port" not in one:
            yield f"meta l4proto {protocol}"
        else:
            assert isinstance(one["port"], int), "a named port would have to be looked up in each pod"
            yield f"{protocol} dport {one['port']}" + (f"-{one['endPort']}" if "endPort" in one else "")


def services(manifests: Sequence[Manifest], addresses: Mapping[str, str], cluster: Cluster) -> str:
    """The table `ip services`: each Service's address and ports turned to its pod's. `addresses`: of those without one.

    Other ports of a Service's address are left as they are, as kube-proxy's iptables mode leaves them.
    """
    lines = ["table ip services", "delete table ip services", "table ip services {", "chain prerouting {"]
    lines.append("type nat hook prerouting priority -100;")
    for one in (found for found in manifests if found["kind"] == "Service"):
        spec, named = one["spec"], one["metadata"]
        [pod] = cluster.meant(named["namespace"], {"podSelector": {"matchLabels": spec["selector"]}})
        own = spec.get("clusterIP") or addresses[named["name"]]
        for port in spec["ports"]:
            protocol, target = port.get("protocol", "TCP").lower(), port["targetPort"]
            number = target if isinstance(target, int) else pod.ports[target]
            lines.append(f"ip daddr {own} {protocol} dport {port['port']} dnat to {pod.v4}:{number}")
    return "\n".join([*lines, "}", "}"]) + "\n"
