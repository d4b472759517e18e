"""`soundstage sign-in`: a fresh link into the dashboard, for whoever can read the data directory."""

import argparse
import json
import os

from dashboard.sign_in import LINK_LIFE, SignInLinks
from soundstage import addresses
from soundstage.options import given
from soundstage.settings_source import read_settings
from soundstage.trouble import ConfigError


def sign_in(arguments: argparse.Namespace) -> int:
    """Prints the link alone, so that it can be handed to a browser. Raises Unanswered where Soundstage is not up."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    dashboard = addresses.read(settings.data_dir).dashboard
    try:
        link = f"{dashboard}/sign-in?token={SignInLinks(settings.data_dir).make()}"
    except OSError as trouble:
        raise ConfigError(
            f"no link can be made in {settings.data_dir}: {trouble.strerror}", "it belongs to the user who runs it"
        ) from None
    print(json.dumps({"link": link, "good_for_seconds": LINK_LIFE}) if arguments.json else link)
    return 0
