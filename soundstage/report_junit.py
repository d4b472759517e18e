"""JUnit XML: a case a row. What failed is a failure, what cannot be told an error.

Only elements and attributes that the schema in common use has (Jenkins' junit-10.xsd).
"""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from policies.verification_result import Result, RowResult
from soundstage.report_lines import told

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say at all, not even escaped (section 2.2)."""


def junit_report(result: Result) -> str:
    """Well-formed whatever was captured: characters XML cannot hold are written as escapes."""
    failed = sum(row.outcome == "failed" for row in result.rows)
    unsure = sum(row.outcome == "inconclusive" for row in result.rows)
    counts = {"tests": str(len(result.rows)), "failures": str(failed), "errors": str(unsure)}
    time = f"{result.settled.waited:.3f}"
    root = Element("testsuites", {"name": "soundstage", **counts, "time": time})
    suite = SubElement(
        root, "testsuite", {"name": plain(f"soundstage {result.run}"), **counts, "skipped": "0", "time": time}
    )
    for row in result.rows:
        _case(suite, row)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, row: RowResult) -> None:
    case = SubElement(suite, "testcase", {"name": plain(row.name), "classname": f"soundstage.{row.kind}", "time": "0"})
    if row.outcome == "held":
        return
    kind = "failure" if row.outcome == "failed" else "error"
    SubElement(case, kind, {"message": plain(row.reason), "type": row.outcome}).text = plain(told(row))


def plain(text: str) -> str:
    """The text with what XML cannot hold as `\\x01` and `\\ud800`."""
    return _NO_XML.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
