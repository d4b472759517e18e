"""RequestView: the one way expressions see a request. Each part is read when it is first asked for, and only once.

A body that is not what it says leaves its part empty and is noted in `faults`; reading never raises.
"""

import base64
import binascii
from typing import Any

from policies.form import FormError, read_form
from policies.head_shape import HeadShape, Place, shape_of
from policies.http_request import HttpRequest
from policies.multipart import Part, boundaries, fields_of, goes_on, parameter, read_parts
from policies.once import once
from policies.request_body import Undecodable, decoded
from policies.request_json import DEEPEST, is_too_deep, read_json
from policies.request_types import FieldTypes
from policies.request_xml import XmlError, read_xml

FORM = "application/x-www-form-urlencoded"


class RequestView:
    """A request with its host and path in canonical form, its body decoded and parsed on demand."""

    def __init__(
        self,
        request: HttpRequest,
        host: str,
        port: int,
        path: str,
        shape: HeadShape | None = None,
        place: Place | None = None,
    ) -> None:
        self.request = request
        self.shape = shape = shape or shape_of(request)
        self.place = place
        """What the target means under the head, for who works something out of both alone."""
        self.method = request.method
        self.scheme = request.scheme
        self.target = request.target
        self.host = host
        self.port = port
        self.path = path
        self.params: dict[str, str] = {}
        """What the operation's path template named; set by recognition."""
        self.types: FieldTypes | None = None
        """How the provider's form fields are typed; set by recognition."""
        self.faults = shape.faults.copy()
        """What was wrong with the body, in words; not empty means that its fields cannot be relied on."""
        self.content_type = shape.media_type
        """In lower case, without parameters."""
        self.headers = first = shape.first.copy()
        """The first value of each field, by lower-case name."""
        for at in reversed(shape.changing):
            name, value = request.headers[at]
            first[name] = value

    @property
    def size(self) -> int:
        return self.request.body.size

    @once
    def body(self) -> bytes:
        """The body without its codings; empty where it is too long to be held or not in the coding it declares."""
        data = self.request.body.data
        if data is None:
            self.faults.append(f"a body of {self.request.body.size} octets is not looked into")
            return b""
        if not data or not self.shape.coded:
            return data
        try:
            return decoded(data, self.headers)
        except Undecodable as error:
            self.faults.append(str(error))
            return b""

    @once
    def query(self) -> dict[str, Any]:
        text = self.request.target.partition("?")[2]
        return self._form(text) if text else {}

    @once
    def form(self) -> dict[str, Any]:
        """The fields of a urlencoded or multipart body."""
        if self.content_type == "multipart/form-data":
            return self._multipart()
        if self.content_type == FORM or (not self.content_type and self.body and not self._looks_like(b"{[<")):
            return self._form(self.body.decode("utf-8", "replace"))
        return {}

    @once
    def json(self) -> Any:
        if not self.body or self.content_type in (FORM, "multipart/form-data"):
            return None
        declared = self.content_type.endswith(("json", "/x-amz-json-1.0", "/x-amz-json-1.1"))
        if not declared and not self._looks_like(b"{["):
            return None
        return self._json(declared)

    @once
    def xml(self) -> dict[str, Any] | None:
        if "xml" not in self.content_type and not self._looks_like(b"<"):
            return None
        try:
            return read_xml(self.body)
        except XmlError as error:
            self.faults.append(str(error))
            return None

    @once
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @once
    def data(self) -> Any:
        """Whichever of JSON, form and XML the body is."""
        if self.content_type == FORM:
            return self.form
        if self.json is not None:
            return self.json
        return self.form or self.xml or {}

    @once
    def args(self) -> dict[str, Any]:
        """Query and body fields together; a name in both has both values, so that none is overlooked."""
        fields = self.data if isinstance(self.data, dict) else {}
        if not self.query:
            return fields
        both = {**self.query, **fields}
        for name in self.query.keys() & fields.keys():
            if self.query[name] != fields[name]:
                both[name] = [self.query[name], fields[name]]
        return both

    @once
    def typed(self) -> dict[str, Any]:
        """The form with the provider's types: numbers and truths where its pack says that they are."""
        return self.form if self.types is None else self.types.typed(self.form)

    @once
    def files(self) -> list[Part]:
        """The parts of a multipart body."""
        boundary = parameter(self.headers.get("content-type", ""), "boundary")
        if not boundary:
            self.faults.append("a multipart body without a boundary")
            return []
        if boundaries(self.shape.content_type) > 1:
            self.faults.append("a multipart body with two boundaries")
        try:
            parts = read_parts(self.body, boundary)
        except FormError as error:
            self.faults.append(str(error))
            return []
        if goes_on(self.body, boundary):
            self.faults.append("a multipart body that goes on after its end")
        self.faults += dict.fromkeys([part.doubt for part in parts if part.doubt and part.filename is None])
        return parts

    @once
    def parts(self) -> list[dict[str, Any]]:
        """The parts of a multipart body, described."""
        return [{"name": p.name, "filename": p.filename, "size": len(p.data)} for p in self.files]

    @once
    def auth(self) -> dict[str, str | None]:
        """`Authorization`: its scheme in lower case, what follows, and of Basic the user and password."""
        scheme, _, credential = self.headers.get("authorization", "").partition(" ")
        credential = credential.strip()
        user, password = basic(credential) if scheme.lower() == "basic" else (None, None)
        return {"scheme": scheme.lower(), "credential": credential, "user": user, "password": password}

    def read_form(self) -> None:
        """Read the fields of a urlencoded body with all that is made of them, for whoever needs them in any case.

        In one step: each part that is asked for by itself costs two calls, and five are asked for.
        """
        data = self.request.body.data
        self.body = body = self.body if data is None or self.shape.coded else data
        try:
            self.form = fields = read_form(body.decode("utf-8", "replace"))
        except FormError as error:
            self.faults.append(str(error))
            self.form = fields = {}
        self.data = fields
        self.typed = fields if self.types is None else self.types.typed(fields)

    def _looks_like(self, openings: bytes) -> bool:
        start = self.body[:64].lstrip()
        return bool(start) and start[0] in openings

    def _multipart(self) -> dict[str, Any]:
        try:
            return fields_of(self.files)
        except FormError as error:
            self.faults.append(str(error))
            return {}

    def _form(self, text: str) -> dict[str, Any]:
        try:
            return read_form(text)
        except FormError as error:
            self.faults.append(str(error))
            return {}

    def _json(self, declared: bool) -> Any:
        try:
            if is_too_deep(self.body):
                raise ValueError(f"JSON nested more than {DEEPEST} deep")
            return read_json(self.body, self.faults)
        except (ValueError, RecursionError) as error:
            if declared:
                self.faults.append(f"a body that is no JSON: {error}")
            return None


def basic(credential: str) -> tuple[str | None, str | None]:
    try:
        user, _, password = base64.b64decode(credential, validate=True).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return None, None
    return user, password
