"""`soundstage contain`: rules that turn staging's packets to the gateway and refuse the rest, in force and proved."""

import argparse
import difflib
import json
import os
from typing import Any

from soundstage import contain_kernel as kernel
from soundstage.console import warn
from soundstage.contain_pieces import Gateway
from soundstage.contain_rules import ruleset
from soundstage.contain_wanted import Wanted, wanted_in, wanted_of
from soundstage.options import given
from soundstage.settings import Settings
from soundstage.settings_source import read_settings
from soundstage.table import table
from soundstage.trouble import ConfigError

IN_FORCE, DIFFERS, ABSENT = "in force", "differs", "absent"
MOST_DIFFERENCES = 40


def applied(arguments: argparse.Namespace) -> int:
    """Put the rules in force, or print them. Counts are kept where nothing changes. ConfigError: they cannot be."""
    wanted, settings = _asked(arguments), _settings(arguments)
    if wanted.nobody:
        raise ConfigError(
            "nobody is named whom to contain", "name staging's side: --interface IF, --network CIDR or --user NAME"
        )
    text = ruleset(wanted, gateway_of(settings, wanted))
    if arguments.dry_run:
        print(json.dumps({"ruleset": text}) if arguments.json else text, end="\n" if arguments.json else "")
        return 0
    changed = _differences(text) != []
    if changed:
        kernel.apply(text)
    for doubt in doubts(wanted):
        warn(doubt)
    told = {"state": IN_FORCE, "changed": changed, **shown(wanted)}
    print(json.dumps(told) if arguments.json else _sentence(changed, wanted))
    return 0


def status(arguments: argparse.Namespace) -> int:
    """What is in force. 0: the very rules that the settings make; 1: others, none, or for an absent interface."""
    asked, listed = _asked(arguments), kernel.table()
    if listed is None:
        return _told(arguments, ABSENT, {}, ["No rules are in force: nothing is contained."])
    wanted = wanted_in(listed) if asked.nobody else asked
    different = _differences(ruleset(wanted, gateway_of(_settings(arguments), wanted))) or []
    doubted = doubts(wanted)
    told = {**shown(wanted), "refused": kernel.counters(listed), "differences": different}
    lines = _status_lines(wanted, kernel.counters(listed))
    if different:
        lines = ["The rules in force are not those that the settings make:", *different, *lines]
    return _told(arguments, DIFFERS if different else IN_FORCE, told, [*doubted, *lines], doubted)


def removed(arguments: argparse.Namespace) -> int:
    """Take the rules away; nothing to take away is as good."""
    there = kernel.listing() is not None if arguments.dry_run else kernel.remove()
    word = "would be removed" if arguments.dry_run else "were removed: nothing is contained any more"
    sentence = f"The rules {word}." if there else "There were no rules."
    print(json.dumps({"removed": there}) if arguments.json else sentence)
    return 0


def gateway_of(settings: Settings, wanted: Wanted) -> Gateway:
    """Where packets are turned to. ConfigError where the settings leave that open."""
    for name, port, example in (("TRANSPARENT", settings.transparent_port, 9040), ("DNS", settings.dns_port, 1053)):
        if not port:
            raise ConfigError(
                f"SOUNDSTAGE_{name}_PORT names no port that packets could be turned to",
                f"set it, for the gateway and here alike: SOUNDSTAGE_{name}_PORT={example}",
            )
    if wanted.from_outside and settings.bind.startswith(("127.", "::1")):
        raise ConfigError(
            f"SOUNDSTAGE_BIND={settings.bind} cannot be reached from staging",
            "set it to this machine's address on staging's side, or to :: or 0.0.0.0 with SOUNDSTAGE_STEER_TO",
        )
    web = (settings.proxy_port, settings.socks_port, settings.https_port, settings.http_port)
    own = (*web, settings.smtp_port, settings.smtps_port)
    if settings.dashboard_port in wanted.services_over("tcp"):
        raise ConfigError(f"--service {settings.dashboard_port} is the dashboard's, which staging does not reach")
    return Gateway(
        settings.bind,
        settings.transparent_port or 0,
        settings.dns_port,
        tuple(port for port in (*own, settings.dns_port) if port),
        settings.packet_log_group,
    )


def doubts(wanted: Wanted) -> list[str]:
    """Sentences about interfaces that hold nothing."""
    return [said for one in wanted.interfaces if (said := kernel.trouble_with(one)) is not None]


def shown(wanted: Wanted) -> dict[str, Any]:
    """As JSON."""
    return {
        "interfaces": list(wanted.interfaces),
        "networks": list(wanted.networks),
        "users": list(wanted.users),
        "gateway_user": wanted.gateway_user,
        "services": list(wanted.services),
        "keep_forwarding": wanted.keep_forwarding,
    }


def _asked(arguments: argparse.Namespace) -> Wanted:
    return wanted_of(
        arguments.interface,
        arguments.network,
        arguments.user,
        arguments.gateway_user,
        arguments.service,
        arguments.keep_forwarding,
    )


def _settings(arguments: argparse.Namespace) -> Settings:
    return read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))


def _differences(text: str) -> list[str] | None:
    """Lines by which the table in force differs from a ruleset; None: there is no table."""
    there = kernel.listing()
    if there is None:
        return None
    wanted = kernel.would_list(text).splitlines()
    lines = difflib.unified_diff(there.splitlines(), wanted, "in force", "wanted", n=0, lineterm="")
    return list(lines)[:MOST_DIFFERENCES]


def _told(
    arguments: argparse.Namespace, state: str, told: dict[str, Any], lines: list[str], doubted: list[str] | None = None
) -> int:
    print(json.dumps({"state": state, **told, "doubts": doubted or []}) if arguments.json else "\n".join(lines))
    return 0 if state == IN_FORCE and not doubted else 1


def _sentence(changed: bool, wanted: Wanted) -> str:
    return f"{'Now in force' if changed else 'In force already'}: {_whom(wanted)} reach Soundstage, or nothing."


def _status_lines(wanted: Wanted, counted: dict[str, int]) -> list[str]:
    rows = [(name, f"{count:,}") for name, count in counted.items()]
    return [f"Contained: {_whom(wanted)}.", table(("refused", "packets"), rows)]


def _whom(wanted: Wanted) -> str:
    parts = [
        *(f"interface {one}" for one in wanted.interfaces),
        *(f"network {one}" for one in wanted.networks),
        *(f"user {one}" for one in wanted.users),
    ]
    return ", ".join(parts)
