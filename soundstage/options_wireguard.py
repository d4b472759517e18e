"""Options of `soundstage wireguard`. What it does lives in `wireguard`."""

from typing import Any

from soundstage.options import command, data_dir_options, json_option, later


def add(commands: Any) -> None:
    """`wireguard peer add`, `list` and `remove`."""
    made = commands.add_parser("wireguard", help="say which machines elsewhere may tunnel into Soundstage")
    things = made.add_subparsers(required=True, metavar="peer")
    verbs = things.add_parser("peer", help="the machines").add_subparsers(required=True, metavar="add|list|remove")
    text = "make a peer and print its configuration, with a private key that is shown once"
    added = command(verbs, "add", text, later("wireguard", "added"))
    added.add_argument("name", metavar="NAME")
    added.add_argument("--endpoint", metavar="HOST[:PORT]", help="where the machine reaches the gateway")
    listed = command(verbs, "list", "the peers, without secrets", later("wireguard", "listed"))
    removed = command(verbs, "remove", "forget a peer: its tunnel ends at once", later("wireguard", "removed"))
    removed.add_argument("name", metavar="NAME")
    for verb in (added, listed, removed):
        data_dir_options(verb)
        json_option(verb)
