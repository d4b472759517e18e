"""Copy sources: from where else a request has its server take what it writes.

An opt-in for some paths would be got round by them: whatever is copied from lies elsewhere, and is judged too.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from policies.authority import read_authority
from policies.effect import Target
from policies.form import FormError, read_pairs
from policies.http_request import HttpRequest
from policies.path import canonical_path, is_canonical

FIELDS = frozenset(
    {"x-amz-copy-source", "x-amz-rename-source", "x-goog-copy-source", "x-ms-copy-source", "x-ms-rename-source"}
)
"""Those that are read here: Amazon S3's CopyObject, UploadPartCopy and RenameObject, Google Cloud Storage's XML API,
Azure Blob and Data Lake."""
_ANY = re.compile(r"x-(?:[a-z0-9]+-)*(?:copy|move|rename)-(?:source|from|from-account)")
"""Theirs, and those of Alibaba, Tencent, Huawei, Baidu, Volcengine (`x-oss-copy-source` and its like) and OpenStack
(`x-copy-from`), each in a spelling of its own: no opt-in can name those."""
_COPIED_TO = re.compile(r"(.*)/b/[^/]+/o/.+/(?:copyTo|rewriteTo)(/b/[^/]+/o/.+)", re.DOTALL)
"""Google Cloud Storage's JSON API names the place it writes to behind the one it reads."""
_SERVICE = re.compile(r"(?:.+\.)?(s3[.-].+)")
"""Of a host that has a bucket's name before it (virtual-hosted style), the service's own."""
_ACCESS_POINT = re.compile(
    r"arn:aws(-cn)?:s3:([a-z0-9-]{1,40}):([0-9]{12}):accesspoint/([a-z0-9][a-z0-9-]{1,48}[a-z0-9])/object(/.+)",
    re.DOTALL,
)
"""How a source names an access point of S3; its host is `NAME-ACCOUNT.s3-accesspoint.REGION.amazonaws.com`."""
_BUCKET = re.compile(r"/([A-Za-z0-9._-]+)(/.+)", re.DOTALL)


def copy_sources(request: HttpRequest, target: Target) -> Iterator[tuple[str, Target | None]]:
    """What each such field says, and where that is, as the request itself would be judged there.

    None where it cannot be read as one place. Presigned URLs carry such fields in their query.
    """
    copied = _COPIED_TO.fullmatch(target.path or "")
    if copied is not None:
        yield copied[2], _at(target, target.host, copied[1] + copied[2])
    for name, value in (*request.headers, *_asked(request.target)):
        if _ANY.fullmatch(name):
            yield value, _place(value, target) if name in FIELDS else None


def unplaced(said: str) -> str:
    """Why a source that no place was found for cannot be opted in."""
    if "arn:" in said.lower().replace("%3a", ":"):
        return "an ARN that no host stands for, so that no opt-in can name it: name the bucket instead"
    return "which cannot be read as one place, so that no opt-in can name it"


def _asked(target: str) -> list[tuple[str, str]]:
    query = target.partition("?")[2]
    lowered = query.lower()
    if "copy-source" not in lowered and "rename-source" not in lowered and "%" not in lowered:
        return []
    try:
        return [(name.lower(), value) for name, value in read_pairs(query)]
    except FormError:
        return [("x-amz-copy-source", "")]


def _place(value: str, target: Target) -> Target | None:
    if value.lower().startswith(("https://", "http://")):
        return _of_url(value, target)
    if value.lower().startswith(("arn:", "arn%3a")):
        return _of_arn(value, target)
    path = "/" + re.sub("%2f", "/", value.partition("?")[0], flags=re.IGNORECASE).removeprefix("/")
    if not is_canonical(path):
        return None
    bucket, service = _BUCKET.fullmatch(path), _SERVICE.fullmatch(target.host)
    if bucket is None:
        return None
    if service is None or service[1] == target.host:
        return _at(target, target.host, canonical_path(path))
    return _at(target, f"{bucket[1]}.{service[1]}", canonical_path(bucket[2]))


def _of_arn(value: str, target: Target) -> Target | None:
    said = re.sub("%(2f|3a)", lambda sign: unquote(sign[0]), value.partition("?")[0], flags=re.IGNORECASE)
    named = _ACCESS_POINT.fullmatch(said)
    if named is None or not is_canonical(named[5]):
        return None
    host = f"{named[4]}-{named[3]}.s3-accesspoint.{named[2]}.amazonaws.com{'.cn' if named[1] else ''}"
    return _at(target, host, canonical_path(named[5]))


def _of_url(value: str, target: Target) -> Target | None:
    try:
        url = urlsplit(value)
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        return None
    host = read_authority("host", url.netloc).host
    if host is None or "@" in url.netloc or not is_canonical(url.path or "/"):
        return None
    told = target.model_dump() | {"scheme": url.scheme, "host": host, "port": port, "path": canonical_path(url.path)}
    return Target.made_of(told)


def _at(target: Target, host: str, path: str) -> Target:
    return Target.made_of(target.model_dump() | {"host": host, "path": path})
