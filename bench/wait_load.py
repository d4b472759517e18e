"""Mails sent into a run while a test's `wait_for` waits for each: milliseconds from the 250 to the wait's return.

A process of its own, with the client's source on its path; prints one JSON line.
"""

import json
import smtplib
import sys
import threading
import time

from pytest_soundstage import Soundstage


def main(url: str, token: str, mails: int) -> None:
    """Each mail is sent from a thread of its own while the main one waits, as an application beside its test."""
    with Soundstage(url, token) as soundstage, soundstage.run("latency") as run:
        smtp = smtplib.SMTP(run.smtp["host"], run.smtp["port"])
        smtp.login(run.smtp["username"], run.smtp["password"])
        answered: dict[int, float] = {}

        def send(number: int) -> None:
            smtp.sendmail("a@shop.test", ["b@example.test"], f"Subject: number {number}\r\n\r\n")
            answered[number] = time.perf_counter()

        took = []
        for number in range(mails):
            sending = threading.Thread(target=send, args=(number,))
            sending.start()
            run.email.wait_for(subject=f"number {number}", timeout=30)
            returned = time.perf_counter()
            sending.join()
            took.append(max(0.0, returned - answered[number]) * 1000)
        smtp.quit()
    sys.stdout.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
