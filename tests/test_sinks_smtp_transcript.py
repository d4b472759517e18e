"""A session as it was spoken."""

from sinks.smtp_transcript import LINES, OCTETS, SmtpTranscript


def test_the_opening_stays_and_transactions_replace_each_other() -> None:
    transcript = SmtpTranscript()
    transcript.said("S", "220 hello")
    for sender in ("first", "second"):
        transcript.begin()
        transcript.said("C", f"MAIL FROM:<{sender}>")
    assert transcript.text() == "S: 220 hello\nC: MAIL FROM:<second>"


def test_what_follows_tls_belongs_to_the_opening() -> None:
    transcript = SmtpTranscript()
    transcript.begin()
    transcript.said("C", "MAIL FROM:<in-the-clear>")
    transcript.restart()
    transcript.said("C", "EHLO x")
    transcript.begin()
    assert transcript.text() == "C: EHLO x"


def test_it_is_bounded() -> None:
    transcript = SmtpTranscript()
    for _ in range(LINES * 2):
        transcript.said("C", "x" * OCTETS * 2)
    assert len(transcript.text()) <= LINES * (OCTETS + 4)
