"""The token that schedulers bring: made of the admin's, it asks whether a job may run, and opens nothing else."""

import hashlib
import hmac

PREFIX = "cron."


def cron_token(admin_token: str) -> str:
    """Another admin token makes another one. Nothing of the admin's can be told from it (HMAC-SHA-256)."""
    return PREFIX + hmac.digest(admin_token.encode(), b"soundstage cron", hashlib.sha256).hex()


def opens(method: str, path: str) -> bool:
    """What it opens."""
    return (method, path) in {("POST", "/api/schedule"), ("GET", "/healthz"), ("GET", "/readyz")}
