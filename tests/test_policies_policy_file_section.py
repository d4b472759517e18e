"""Reading mappings: each wrong value is a problem, and reading goes on."""

from policies.policy_file_section import Section, SourceFile, one_of
from policies.yaml_lines import parse


def section(text: str) -> Section:
    file = SourceFile("f", parse(text))
    return file.section(file.document.data, ())


def told(section: Section) -> list[str]:
    return [str(problem) for problem in section.file.problems]


def test_only_known_keys() -> None:
    root = section("name: a\nnamex: b\nzzz: c")
    root.only(("name", "other"))
    assert told(root) == [
        "f:2: namex: the key 'namex' is not known here; write 'name'",
        "f:3: zzz: the key 'zzz' is not known here; the keys known here are name, other",
    ]


def test_another_word_for_a_key() -> None:
    root = section("host: a\nteam: b")
    root.only(("to", "owner", "why"))
    assert told(root) == [
        "f:1: host: the key 'host' is not known here; write 'to'",
        "f:2: team: the key 'team' is not known here; write 'owner'",
    ]


def test_keys_without_a_value() -> None:
    root = section("a: 1\nb:\nc: ~\nd: null")
    root.filled(but=("d",))
    assert told(root) == [
        "f:2: b: 'b' has no value; write one, or leave the key away",
        "f:3: c: 'c' has no value; write one, or leave the key away",
    ]


def test_texts() -> None:
    root = section("a: ' x '\nb: 7\nc: ''\nd: null\ne: toolong")
    assert root.text("a", "write a") == "x"
    assert [root.text(key, "write it", longest=5) for key in "bcdef"] == [None] * 5
    assert root.text("f", "write it", required=False) is None
    assert told(root) == [
        "f:2: b: 7 is no text; write it",
        "f:3: c: '' is no text; write it",
        "f:4: d: 'd' is missing; write it",
        "f:5: e: 'toolong' is longer than 5 characters or than one line; write it",
        "f:1: 'f' is missing; write it",
    ]


def test_choices() -> None:
    root = section("a: x\nb: z\nc: true")
    assert root.choice("a", ("x", "y")) == "x"
    assert root.choice("b", ("x", "y"), absent="y") == "y"
    assert root.choice("c", ("x",)) is None
    assert root.choice("d", ("x",), absent="x") == "x"
    assert told(root) == ["f:2: b: 'z' is not known; write x or y", "f:3: c: True is not known; write x"]


def test_several() -> None:
    root = section("a: x\nb: [x, z, y]\nc: []\nd: null")
    parse_word = one_of(("x", "y"))
    assert root.several("a", parse_word) == ("x",)
    assert root.several("b", parse_word) == ("x", "y")
    assert root.several("c", parse_word) is None
    assert root.several("d", parse_word) is None
    assert told(root) == [
        "f:2: b[1]: 'z' is not known; write x or y",
        "f:3: c: the list is empty, so it would never match; leave the key away or name something",
    ]


def test_sections() -> None:
    root = section("a:\n  - {k: v}\n  - 7\nb: 7\nc: {d: e}")
    assert [inner.data for inner in root.sections("a")] == [{"k": "v"}, {}]
    assert not list(root.sections("b"))
    assert not list(root.sections("x"))
    assert root.inner("c").data == {"d": "e"}
    assert not root.inner("x").data
    assert told(root) == [
        "f:3: a[1]: 7 is not a mapping; write keys and values",
        "f:4: b: 7 is not a list; write one entry after each dash",
    ]
    assert root.file.place(("a", 1)) == "f:3"


def test_of_what_is_no_mapping_nothing_more_is_missed() -> None:
    root = section("7")
    assert root.text("id", "write one") is None
    assert told(root) == ["f:1: 7 is not a mapping; write keys and values"]
