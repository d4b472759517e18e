"""The Kubernetes manifests as tests read them: files as they stand, and what kubectl builds of them."""

import functools
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

KUBERNETES = Path(__file__).resolve().parent.parent / "deploy" / "kubernetes"
EXAMPLE = KUBERNETES / "overlays" / "example"
KUSTOMIZATIONS = sorted(path.parent for path in KUBERNETES.rglob("kustomization.yaml"))
Manifest = dict[str, Any]
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


def documents(path: Path) -> list[Manifest]:
    """What is in one file."""
    return [one for one in yaml.safe_load_all(path.read_text()) if one is not None]


def kustomization(folder: Path) -> Manifest:
    """What says which files of a folder belong together."""
    [read] = documents(folder / "kustomization.yaml")
    return read


def own(folder: Path) -> list[Manifest]:
    """The manifests that a folder's own files hold, as they stand."""
    files = [folder / name for name in kustomization(folder).get("resources", ()) if name.endswith(".yaml")]
    return [one for file in files for one in documents(file)]


@functools.cache
def _built(folder: Path) -> str:
    kubectl = shutil.which("kubectl")
    assert kubectl is not None, "whoever builds asks for kubectl first"
    return subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=True).stdout


def built(folder: Path) -> list[Manifest]:
    """What `kubectl kustomize` makes of it, which asks no cluster."""
    return [one for one in yaml.safe_load_all(_built(folder)) if one is not None]


def pick(manifests: Iterable[Manifest], kind: str, name: str) -> Manifest:
    """The one of that kind and name."""
    [found] = [one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def pod_spec(manifest: Manifest) -> Manifest | None:
    """The pod that a workload runs, or None of what runs none."""
    spec: Manifest = manifest.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    template: Manifest | None = spec.get("template", {}).get("spec")
    return template


def settings_of(manifests: list[Manifest]) -> dict[str, str]:
    """As the container gets them, but for the pod's address."""
    data: dict[str, str] = pick(manifests, "ConfigMap", "soundstage-settings")["data"]
    return data


def ports(rules: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Number and protocol of each port that rules of a NetworkPolicy name."""
    for rule in rules:
        for one in rule["ports"]:
            yield one["port"], one.get("protocol", "TCP")
