"""What the page Policy is asked in a line, as `soundstage policy explain` takes it: a call, a mail, a job. Pure."""

from typing import Any

LONGEST = 4000
HOW = "Write a call (POST https://api.stripe.com/v1/charges), mail:someone@example.com, or job:nightly-report."


def policy_question(line: str, *, live: bool = False) -> dict[str, Any]:
    """`Gateway.explain`'s question. `live`: as if it brought a live credential. ValueError where it is none."""
    asked = line.strip()
    if len(asked) > LONGEST:
        raise ValueError(f"A question may have {LONGEST} characters, this one has {len(asked)}.")
    kind, _, rest = asked.partition(":")
    if kind.lower() in ("mail", "mailto") and rest:
        return {"email": {"to": [one.strip() for one in rest.split(",")], "from": "", "subject": ""}}
    if kind.lower() == "job" and rest:
        return {"job": rest.strip()}
    method, _, url = asked.rpartition(" ")
    if "://" not in url or not (method == "" or method.isalpha()):
        raise ValueError(f"{asked[:200]!r} is no question. {HOW}")
    question = {"method": method.upper() or "GET", "url": url, "headers": {}}
    return {**question, "live_credential": True} if live else question


def proposal(opt_in: str) -> tuple[str, str]:
    """The YAML that would opt something in, or why there is none to write: `explain` says that as a comment alone."""
    if not opt_in.startswith("#"):
        return opt_in, "No opt-in can let this through."
    why = opt_in.lstrip("# ").partition("\n")[0]
    return "", f"{why[:1].upper()}{why[1:]}."
