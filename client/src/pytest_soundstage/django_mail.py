"""Django's mail in tests: its test runner swaps the mail backend for one that keeps mails in memory; this puts it back.

A backend of the project's own is put back as it was. Any other becomes SMTP, into the run. `mail.outbox` stays empty.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
KEEPING = (LOCMEM, *(f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "filebased", "dummy")))
"""Backends that send nothing anywhere."""


def put_back(environ: Mapping[str, str]) -> bool:
    """Whether Django's backend was the one of its test runner and is now one that sends. No Django: nothing happens."""
    settings = _settings()
    if settings is None or settings.EMAIL_BACKEND != LOCMEM:
        return False
    project = _project_backend()
    settings.EMAIL_BACKEND = SMTP if project is None or project in KEEPING else project
    settings.EMAIL_HOST, settings.EMAIL_PORT = environ["SMTP_HOST"], int(environ["SMTP_PORT"])
    settings.EMAIL_HOST_USER = environ.get("SMTP_USERNAME", "")
    settings.EMAIL_HOST_PASSWORD = environ.get("SMTP_PASSWORD", "")
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    return True


def _settings() -> Any:
    """The project's settings once Django is in use; importing it for a project that is none is not our business."""
    module = sys.modules.get("django.conf")
    settings = getattr(module, "settings", None)
    return settings if settings is not None and settings.configured else None


def _project_backend() -> str | None:
    """What the project's settings say, as the test runner noted it."""
    noted = getattr(sys.modules.get("django.test.utils"), "_TestState", None)
    return getattr(getattr(noted, "saved_data", None), "email_backend", None)
