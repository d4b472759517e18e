"""XML bodies as plain data, so that expressions read them like JSON. DTDs and entities are refused."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

DEEPEST = 64


class XmlError(ValueError):
    """A body that is no XML, brings a DTD, or is nested too deeply."""


def read_xml(body: bytes) -> dict[str, Any]:
    """`<a-b x="1"><c>t</c><c/></a-b>` as `{"a_b": {"@x": "1", "c": ["t", None]}}`.

    Namespaces are dropped. Raises XmlError.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise XmlError(f"a body that is no plain XML: {error}") from error
    return {_name(root.tag): _value(root, 0)}


def _name(tag: Any) -> str:
    return str(tag).rpartition("}")[2].replace("-", "_")


def _value(element: Element, depth: int) -> Any:
    if depth > DEEPEST:
        raise XmlError(f"XML nested more than {DEEPEST} deep")
    attributes = {f"@{_name(name)}": value for name, value in element.attrib.items()}
    written = (element.text or "").strip() or None
    if not len(element):
        return {**attributes, "#text": written} if attributes else written
    fields: dict[str, Any] = dict(attributes)
    for child in element:
        _add(fields, _name(child.tag), _value(child, depth + 1))
    return fields


def _add(fields: dict[str, Any], name: str, value: Any) -> None:
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]
