"""Options of `soundstage cron`. What it does lives in `cron`."""

from typing import Any

from soundstage.options import command, data_dir_options, json_option, later


def add(commands: Any) -> None:
    """`cron run` and `cron allowed`."""
    made = commands.add_parser("cron", help="let scheduled jobs run only if the policy opts them in")
    verbs = made.add_subparsers(required=True, metavar="run|allowed|token")
    run = command(
        verbs, "run", "run a crontab's command if its job is opted in, else record it", later("cron", "shell")
    )
    run.add_argument("-c", dest="command", required=True, metavar="COMMAND", help="what the crontab says, one word")
    run.set_defaults(scheduler="cron")
    allowed = command(verbs, "allowed", "whether a job may run: 0 if so, 1 if not", later("cron", "allowed"))
    allowed.add_argument("job", metavar="JOB", help="its name, as policies have it")
    schedulers = ("cron", "systemd", "kubernetes")
    allowed.add_argument("--scheduler", choices=schedulers, default="cron", help="who asks (default: cron)")
    json_option(allowed)
    text = "print the token that schedulers bring, which opens nothing else"
    token = command(verbs, "token", text, later("cron", "token"))
    for verb in (run, allowed, token):
        data_dir_options(verb)
