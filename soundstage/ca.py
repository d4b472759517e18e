"""`soundstage ca`: the certificate clients have to trust, or where it lies."""

import argparse
import os

from soundstage.options import given
from soundstage.settings_source import read_settings
from soundstage.trust_bundle import read_ca


def ca(arguments: argparse.Namespace) -> int:
    """Print the certificate or its path. Raises ConfigError where there is none yet."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    pem = read_ca(settings.data_dir)
    print(pem.decode().rstrip() if arguments.what == "print" else settings.data_dir / "ca.pem")
    return 0
