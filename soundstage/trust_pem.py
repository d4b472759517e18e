"""The CA at the end of somebody else's PEM file, between marks, and its exact removal. Bytes in, bytes out.

Which files these are lives in `trust_places`.
"""

import re

BEGIN = b"# >>> soundstage: begin >>>\n"
BEGIN_UNENDED = b"# >>> soundstage: begin, after a line without an end >>>\n"
END = b"# <<< soundstage: end <<<\n"
CERTIFICATE = rb"(-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n)"
# With the certificate's own shape between the marks, a mark that stands alone in somebody's file is never half of ours.
OPENED = rb"(?:" + re.escape(BEGIN) + rb"|\n" + re.escape(BEGIN_UNENDED) + rb")"
BLOCK = re.compile(OPENED + CERTIFICATE + re.escape(END))


def with_ca(content: bytes, ca: bytes) -> bytes:
    """`content` with exactly one block, holding `ca`. Installing twice, or another CA, leaves one."""
    content = without_ca(content)
    begin = BEGIN if not content or content.endswith(b"\n") else b"\n" + BEGIN_UNENDED
    return content + begin + ca.rstrip(b"\n") + b"\n" + END


def without_ca(content: bytes) -> bytes:
    """The bytes as they were before."""
    return BLOCK.sub(b"", content)


def held_ca(content: bytes) -> bytes | None:
    """The certificate between the marks, or None."""
    match = BLOCK.search(content)
    return match[1] if match else None
