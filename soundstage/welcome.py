"""What `soundstage up` prints when everything is ready: where it listens, what to paste, how to sign in."""

import shlex
import shutil
import sys
from pathlib import Path

from dashboard.sign_in import SignInLinks
from soundstage.addresses import Addresses
from soundstage.settings import Settings

TEXT = """\
Soundstage is ready. Whatever reaches it is stopped, recorded and answered; {leaves}.

  dashboard  {dashboard}
  sign in    {dashboard}/sign-in?token={token}
             (good once, for ten minutes; API token: {token_file})

  proxy      {proxy} HTTP proxy and CONNECT, {socks} SOCKS 5 and 4a
  steered    {https} TLS, {http} HTTP, {dns} DNS that answers every name
  mail       {smtp} SMTP with STARTTLS, {smtps} implicit TLS

Route a program through it: paste this into its shell, then start it there.

  eval "$({command} env{where})"
  {command} trust install --venv .venv{where}   # its environment, for SDKs that bring their own roots

Programs may ignore variables (SDKs for Node do), and then reach the real thing. Started like this, they cannot:

  {command} run{where} -- COMMAND

Ctrl-C stops it."""


def welcome(settings: Settings, bound: Addresses) -> str:
    """The text, with a sign-in link made for it. Its lines are pasted into shells that stand in other folders."""
    leaves = "nothing of it leaves"
    if settings.policy:
        leaves = f"of it, only what {', '.join(map(str, settings.policy))} opts in leaves"
    return TEXT.format(
        leaves=leaves,
        token=SignInLinks(settings.data_dir).make(),
        token_file=settings.token_file,
        command=_command(),
        where=f" --data-dir {shlex.quote(str(settings.data_dir.absolute()))}",
        **bound.model_dump(),
    )


def _command() -> str:
    """How the reader can call us: by name where that finds this installation, else by path."""
    here = Path(sys.argv[0]).absolute()
    named = shutil.which("soundstage")
    if named and Path(named).absolute().parent == Path(sys.executable).parent:
        return "soundstage"
    return str(here) if here.name == "soundstage" else f"{sys.executable} -m soundstage"
