"""The words of `soundstage contain`."""

from typing import Any

from soundstage.options import command, data_dir_options, json_option, later


def add(commands: Any) -> None:
    """`contain apply|status|remove`."""
    made = commands.add_parser("contain", help="hold a staging network with the kernel's packet filter")
    verbs = made.add_subparsers(required=True, metavar="apply|status|remove")
    text = "put rules in force: staging reaches Soundstage, or nothing"
    apply = command(verbs, "apply", text, later("contain", "applied"))
    status = command(verbs, "status", "whether they are in force, and what they refused", later("contain", "status"))
    remove = command(verbs, "remove", "take the rules away", later("contain", "removed"))
    for verb in (apply, status):
        _whom(verb)
    for verb in (apply, remove):
        verb.add_argument("--dry-run", action="store_true", help="change nothing; print what would be done")
    for verb in (apply, status, remove):
        data_dir_options(verb)
        json_option(verb)


def _whom(verb: Any) -> None:
    for name, metavar, text in (
        ("--interface", "IF", "a network interface that staging is behind; repeatable"),
        ("--network", "CIDR", "staging's addresses, where no interface is its alone; repeatable"),
        ("--user", "NAME", "a user of this host whose processes are staging; repeatable"),
        ("--service", "PORT", "a port of this host that staging may reach: 5432, 123/udp; repeatable"),
    ):
        verb.add_argument(name, action="append", default=[], metavar=metavar, help=text)
    verb.add_argument("--gateway-user", metavar="NAME", help="who alone may open connections from this host")
    verb.add_argument(
        "--keep-forwarding", action="store_true", help="this host stays a router for whatever is not contained"
    )
