"""What Mailpit's API shows: lists, searches, mails, their parts, figures. Nothing here changes what was captured."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from dashboard.download import download
from dashboard.gateway_link import Gateway
from dashboard.hostile_html import html_response
from dashboard.inbox_labels import InboxLabels
from dashboard.mailpit_box import EVERYTHING, MailBox
from dashboard.mailpit_search import MailSearch, parse
from dashboard.mailpit_shapes import alone, headers, in_list
from dashboard.own_run import own_run
from dashboard.problem import Problem
from dashboard.released import release_targets
from ledger.labels import Labels
from ledger.reader import Reader

VERSION = "v1.27.0"
"""The Mailpit whose API this follows."""
_NEVER = "Soundstage makes no request derived from a captured mail, so there is no {what}."

Offset = Annotated[int, Query(ge=0, le=10**9)]
Many = Annotated[int, Query(ge=0, le=10**9)]


class MailpitReading:
    """`GET /mailpit/api/v1/...`, `/mailpit/view/...`."""

    def __init__(self, reader: Reader, labels: Labels, gateway: Gateway) -> None:
        self._reader = reader
        self._labels = labels
        self._inbox = InboxLabels(reader, labels)
        self._gateway = gateway

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/mailpit", include_in_schema=False)
        get = router.get
        get("/livez")(_ok)
        get("/readyz")(_ok)
        get("/api/v1/info")(self.info)
        get("/api/v1/webui")(self.webui)
        get("/api/v1/tags")(self.tags)
        get("/api/v1/messages")(self.messages)
        get("/api/v1/search")(self.search)
        get("/api/v1/message/{mail_id}")(self.message)
        get("/api/v1/message/{mail_id}/headers")(self.headers)
        get("/api/v1/message/{mail_id}/raw", response_model=None)(self.raw)
        get("/api/v1/message/{mail_id}/part/{number}", response_model=None)(self.part)
        for what in ("html-check", "link-check", "sa-check", "part/{number}/thumb"):
            get(f"/api/v1/message/{{mail_id}}/{what}", response_model=None)(self.absent)
        get("/view/{mail_id}.html", response_model=None)(self.html)
        get("/view/{mail_id}.txt", response_model=None)(self.text)
        return router

    def info(self, request: Request) -> dict[str, Any]:
        """Figures of the mailbox. What Soundstage does not count is 0."""
        box = self.box(request)
        count, unread = box.total()
        stats = ("Memory", "MessagesDeleted", "SMTPAcceptedSize", "SMTPIgnored", "SMTPRejected", "Uptime")
        return {
            "Version": VERSION,
            "LatestVersion": VERSION,
            "Database": "",
            "DatabaseSize": 0,
            "Messages": count,
            "Unread": unread,
            "Tags": box.tags(),
            "RuntimeStats": {**dict.fromkeys(stats, 0), "SMTPAccepted": count},
        }

    async def webui(self) -> dict[str, Any]:
        """What a client may offer to people."""
        targets = await release_targets(self._gateway)
        return {
            "Label": "Soundstage",
            "MessageRelay": {
                "Enabled": bool(targets),
                "SMTPServer": "",
                "ReturnPath": "",
                "AllowedRecipients": ", ".join(targets),
                "RecipientAllowlist": "",
                "BlockedRecipients": "",
                "OverrideFrom": "",
                "PreserveMessageIDs": True,
            },
            "SpamAssassin": False,
            "ChaosEnabled": False,
            "DuplicatesIgnored": False,
            "HideDeleteAllButton": False,
        }

    def tags(self, request: Request) -> list[str]:
        """Every tag."""
        return list(self.box(request).tags())

    def messages(self, request: Request, start: Offset = 0, limit: Many = 50) -> dict[str, Any]:
        """Newest first."""
        return self._listed(self.box(request), EVERYTHING, start, limit)

    def search(
        self, request: Request, query: str = "", start: Offset = 0, limit: Many = 50, tz: str = ""
    ) -> dict[str, Any]:
        """Newest first."""
        return self._listed(self.box(request), asked_for(query, tz), start, limit)

    def message(self, request: Request, mail_id: str, query: str = "", tz: str = "") -> dict[str, Any]:
        """One mail; whoever asks for it has read it."""
        box = self.box(request)
        stored = box.one(mail_id, asked_for(query, tz) if query else EVERYTHING)
        return alone(box.read(stored), self._inbox.open(stored))

    def headers(self, request: Request, mail_id: str) -> dict[str, list[str]]:
        box = self.box(request)
        return headers(box.read(box.one(mail_id)))

    def raw(self, request: Request, mail_id: str) -> Response:
        """As it was sent. A mail of which nothing was kept is a problem, not an empty one."""
        box = self.box(request)
        mail = box.read(box.one(mail_id))
        if not mail.raw and mail.size:
            raise Problem(404, f"Of mail {mail.stored.id} only digest and size were kept: it was too large.")
        return PlainTextResponse(mail.raw)

    def part(self, request: Request, mail_id: str, number: str) -> Response:
        """Its own type is told where nothing can be run by it; everything is a download."""
        box = self.box(request)
        part = box.read(box.one(mail_id)).numbered.get(number)
        if part is None:
            raise Problem(404, f"Mail {mail_id[:200]!r} has no part {number[:40]!r}.", parameter="PartID")
        answer = download(part.content, part.filename or part.content_id or f"part-{number}.bin")
        if _is_plain(part.content_type):
            answer.headers["content-type"] = part.content_type
        return answer

    def absent(self, request: Request, mail_id: str) -> Response:
        """Checks that ask others, and thumbnails."""
        what = request.url.path.rpartition("/")[2]
        raise Problem(501, _NEVER.format(what=what) if "link" in what else f"Soundstage has no {what} of mails.")

    def html(self, request: Request, mail_id: str) -> HTMLResponse:
        """Disarmed, as the Inbox shows it."""
        box = self.box(request)
        return html_response(box.read(box.one(mail_id)).message)

    def text(self, request: Request, mail_id: str) -> Response:
        box = self.box(request)
        return PlainTextResponse(box.read(box.one(mail_id)).message.text)

    def box(self, request: Request) -> MailBox:
        """The mailbox as its caller may see it."""
        return MailBox(self._reader, self._labels, own_run(request))

    def _listed(self, box: MailBox, search: MailSearch, start: int, limit: int) -> dict[str, Any]:
        found = box.find(search, start, limit)
        total, unread = box.total()
        labels = box.labels_of(found.items)
        return {
            "total": total,
            "unread": unread,
            "count": len(found.items),
            "messages_count": found.count,
            "messages_unread": found.unread,
            "start": start,
            "tags": list(box.tags()),
            "messages": [in_list(box.read(stored), labels.get(stored.seq, ())) for stored in found.items],
        }


def asked_for(query: str, tz: str = "") -> MailSearch:
    """A search as it came. Raises Problem where there is none, or its time zone is unknown."""
    if not query.strip():
        raise Problem(400, "There is no search query.", parameter="query")
    try:
        return parse(query, ZoneInfo(tz) if tz else None)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Problem(400, f"tz: {tz[:100]!r} is no time zone known here.", parameter="tz") from error


def _is_plain(content_type: str) -> bool:
    kind, _, name = content_type.partition("/")
    return kind in ("image", "audio", "video", "application", "text") and name.isascii() and _is_inert(name)


def _is_inert(name: str) -> bool:
    active = ("html", "xml", "svg", "xsl", "javascript", "ecmascript")
    return all(char.isalnum() or char in "+.-" for char in name) and not any(word in name for word in active)


async def _ok() -> PlainTextResponse:
    return PlainTextResponse("ok")
