"""Where programs keep certificates of their own: the PEM files that packages bring."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from soundstage.trouble import ConfigError

BUNDLES = (
    "cacert.pem",  # certifi, botocore, pip's certifi
    "ca-certificates.crt",  # stripe
    "ca-bundle.crt",  # razorpay
    "*.ca.crt",  # braintree
    "roots.pem",  # grpc
    "cacerts.txt",  # httplib2
)
"""File names of root bundles, as the packages call them."""


def python_bundles(venv: Path) -> list[Path]:
    """The bundles in an environment's packages. Raises ConfigError where the folder is no environment."""
    places = (*venv.glob("lib/python*/site-packages"), venv / "Lib" / "site-packages")
    folders = [path for path in places if path.is_dir()]
    if not folders:
        raise ConfigError(f"--venv {venv} is no Python environment: it has no lib/python*/site-packages")
    return sorted({path for folder in folders for path in _bundles(folder)})


def node_bundles(project: Path) -> list[Path]:
    """The bundles in a project's packages; most Node SDKs need none, NODE_EXTRA_CA_CERTS is enough for them."""
    folder = project if project.name == "node_modules" else project / "node_modules"
    if not folder.is_dir():
        raise ConfigError(f"--node {project} has no node_modules")
    return sorted(_bundles(folder))


def folder_bundles(folder: Path) -> list[Path]:
    """The bundles anywhere below a folder: of PHP's and Ruby's packages, or of a program that is unpacked somewhere."""
    if not folder.is_dir():
        raise ConfigError(f"--folder {folder} is no folder")
    return sorted(_bundles(folder))


def _bundles(folder: Path) -> Iterator[Path]:
    # One walk for all patterns: an environment holds tens of thousands of files.
    for parent, _, names in folder.walk():
        for name in names:
            if not any(fnmatchcase(name, pattern) for pattern in BUNDLES):
                continue
            path = parent / name
            # A link leads to a file that others share: a store of the system, or of a package manager.
            if path.is_file() and not path.is_symlink() and b"-----BEGIN CERTIFICATE-----" in path.read_bytes():
                yield path
