"""Waiting, finding, counting and saying that there is nothing, asked of an API over real HTTP."""

import re
import threading
from collections.abc import Iterator

import pytest
from client_stage import TOKEN, Stage, api_stage, capture, mail
from pytest_soundstage import AsyncSoundstage, Inconclusive, NotAsExpected, Refused, Soundstage, Unanswered, Window
from running import PATIENCE


@pytest.fixture
def stage() -> Iterator[Stage]:
    with api_stage() as made:
        yield made


@pytest.fixture
def window(stage: Stage) -> Iterator[Window]:
    """A test's window, as the plugin's fixture gives it."""
    with Soundstage(stage.url, TOKEN) as soundstage:
        opened = soundstage.open_run("pytest").open_window("test_signup")
        opened.scope.timeout = 0.3
        yield opened


def test_wait_returns_what_is_there_and_asks_once(stage: Stage, window: Window) -> None:
    stage.add(mail(1, "ann@example.test", "Welcome", codes=["4711"]))
    found = window.email.wait_for(to="ann@example.test", subject=re.compile("Wel"))
    assert (found.id, found.code(), found.url) == ("c001", "4711", f"{stage.url}/attempts/c001")
    assert stage.asked[2:] == ["GET /api/captures/wait", "GET /api/captures/c001"]


def test_wait_passes_over_what_does_not_match_until_it_comes(stage: Stage, window: Window) -> None:
    stage.add(mail(1, "bob@example.test", "Welcome"))

    def arrive() -> None:
        stage.add(mail(2, "cho@example.test", "Welcome"))
        stage.add(mail(3, "ann@example.test", "Welcome"))

    arriving = threading.Thread(target=arrive)
    arriving.start()
    assert window.email.wait_for(to="ann@example.test", timeout=PATIENCE).id == "c003"
    arriving.join()


def test_each_wait_gives_the_next_one(stage: Stage, window: Window) -> None:
    stage.add(mail(1, "ann@example.test", "Code", codes=["1111"]), mail(2, "ann@example.test", "Code", codes=["2222"]))
    assert [window.email.wait_for(subject="Code").code() for _ in range(2)] == ["1111", "2222"]
    with pytest.raises(NotAsExpected, match="the 2 that earlier waits returned are not returned again"):
        window.email.wait_for(subject="Code")


def test_wait_names_what_was_captured_instead_the_closest_first(stage: Stage, window: Window) -> None:
    stage.add(mail(1, "zoe@else.test", "Invoice"), mail(2, "ann@example.test", "Welcome back"))
    with pytest.raises(NotAsExpected) as told:
        window.email.wait_for(to="ann@example.test", subject="Welcome")
    lines = str(told.value).splitlines()
    assert lines[0] == "no email with to='ann@example.test', subject='Welcome' came within 0.3 s"
    assert lines[1] == "captured instead in test_signup, the closest first:"
    assert lines[2].startswith("  email, to ['ann@example.test'], subject 'Welcome back'")
    assert lines[3] == "    subject: expected 'Welcome', was 'Welcome back'"
    assert "zoe@else.test" in lines[4]


def test_wait_says_that_there_was_only_something_else(stage: Stage, window: Window) -> None:
    stage.add(capture(1, "payment"), capture(2, "payment"))
    with pytest.raises(NotAsExpected, match="no email at all was captured in test_signup, but 2 payments"):
        window.email.wait_for()


def test_wait_says_that_a_client_lacks_the_runs_credentials(stage: Stage, window: Window) -> None:
    stage.add({**mail(1, "ann@example.test", "Welcome"), "run": "unattributed"})
    with pytest.raises(NotAsExpected, match="belongs to no run: its client does not use the run's credentials"):
        window.email.wait_for(to="ann@example.test")


def test_a_token_of_one_run_alone_leaves_out_whose_it_may_be(stage: Stage, window: Window) -> None:
    stage.closed_to_it = "unattributed"
    with pytest.raises(NotAsExpected) as told:
        window.email.wait_for(to="ann@example.test")
    assert str(told.value).endswith("no email at all was captured in test_signup, nor anything else")
    assert told.value.__context__ is None, "a refusal that was taken is no cause of it"


async def test_awaiting_too(stage: Stage) -> None:
    stage.closed_to_it = "unattributed"
    run = await AsyncSoundstage(stage.url, TOKEN).open_run("suite")
    run.scope.timeout = 0.1
    with pytest.raises(NotAsExpected):
        await run.email.wait_for(to="ann@example.test")


def test_body_is_looked_at_in_detail(stage: Stage, window: Window) -> None:
    stage.add(capture(1, "webhook", body='{"status": "lost"}'), capture(2, "webhook", body='{"status": "shipped"}'))
    assert window.webhooks.one(json={"$.status": "shipped"}).id == "c002"
    assert [one.json()["status"] for one in window.webhooks.all()] == ["lost", "shipped"]


def test_one_is_the_only_one(stage: Stage, window: Window) -> None:
    stage.add(*(capture(n, "payment", facts={"amount": 4200}) for n in (1, 2)))
    with pytest.raises(NotAsExpected, match="there are 2, not one, payment with amount=4200"):
        window.payments.one(amount=4200)
    with pytest.raises(NotAsExpected, match="there is no payment with amount=1\n"):
        window.payments.one(amount=1)


def test_a_repeat_with_the_same_key_is_one_with_what_it_repeats(stage: Stage, window: Window) -> None:
    stage.add(capture(1, "payment"), capture(2, "payment", attempt_of="c001"))
    assert window.payments.one().id == "c001"
    assert window.payments.count() == 1
    window.assert_nothing_else()


def test_none_waits_for_the_settle_barrier_first(stage: Stage, window: Window) -> None:
    window.email.none(to="ann@example.test")
    assert stage.asked[2:] == ["POST /api/runs/r/settle", "GET /api/captures"]
    stage.add(mail(1, "ann@example.test", "Welcome"))
    with pytest.raises(NotAsExpected, match="there should be no email with to='ann@\\*', and there are 1"):
        window.email.none(to="ann@*")


@pytest.mark.parametrize("what", ["none", "count", "all", "one"])
def test_what_cannot_be_known_yet_is_inconclusive(stage: Stage, window: Window, what: str) -> None:
    stage.add(mail(1, "ann@example.test", "Welcome"))
    stage.settled = {"reached": False, "why": "an SMTP transaction is unfinished", "waited": 10.0}
    with pytest.raises(Inconclusive, match="not quiet within 10 s: an SMTP transaction is unfinished"):
        getattr(window.email, what)()
    with pytest.raises(Inconclusive):
        window.assert_nothing_else()


def test_nothing_else_lists_what_no_call_looked_at(stage: Stage, window: Window) -> None:
    stage.add(mail(1, "ann@example.test", "Welcome"), capture(2, "payment"), capture(3, "sms", facts={"to": "+1555"}))
    window.email.wait_for()
    assert window.payments.count() == 1
    with pytest.raises(NotAsExpected, match=r"1 more in test_signup than the test has looked at:\n  sms"):
        window.assert_nothing_else()


QUIET = [
    pytest.param({"channel": "dns", "intent": "write"}, id="question-of-dns"),
    pytest.param({"channel": "web", "intent": "auth"}, id="token-call"),
    pytest.param({"channel": "web", "intent": "write", "flags": ["telemetry"]}, id="telemetry"),
    pytest.param({"channel": "web", "intent": "read"}, id="read"),
]


@pytest.mark.parametrize("found", QUIET)
def test_nothing_else_leaves_out(stage: Stage, window: Window, found: dict[str, str]) -> None:
    stage.add(capture(1, **found))
    window.assert_nothing_else()
    window.assert_nothing_left()


def test_nothing_left_lists_what_may_have_left(stage: Stage, window: Window) -> None:
    stage.add(capture(1, "payment", left=True))
    window.payments.one()
    with pytest.raises(NotAsExpected, match="1 may have left for real in test_signup"):
        window.assert_nothing_left()


def test_windows_see_their_own_alone(stage: Stage, window: Window) -> None:
    stage.add(mail(1, "ann@example.test", "Welcome"), {**mail(2, "ann@example.test", "Welcome"), "window": "w-2"})
    assert window.email.one().id == "c001"


def test_octets_are_fetched(stage: Stage, window: Window) -> None:
    stage.raw = {"c001/raw": b"From: x\r\n\r\n", "c001/parts/1": b"%PDF"}
    part = {"n": 1, "filename": "a.pdf", "content_type": "application/pdf", "size": 4}
    stage.add(mail(1, "ann@example.test", "Welcome", attachments=[part]))
    found = window.email.one()
    assert (found.raw, found.attachments[0].content) == (b"From: x\r\n\r\n", b"%PDF")


def test_a_window_that_does_not_become_quiet_is_inconclusive_and_closed(stage: Stage, window: Window) -> None:
    stage.settled = {"reached": False, "why": "a request is unfinished", "waited": 10.0}
    with pytest.raises(Inconclusive, match="at the end of test_signup: a request is unfinished"):
        window.close()
    assert stage.window is None


def test_errors_say_whose_they_are(stage: Stage, window: Window) -> None:
    with pytest.raises(Unanswered, match=r"does not answer at http://127\.0\.0\.1:9"):
        Soundstage("http://127.0.0.1:9", TOKEN).everything.wait_for()
    with Soundstage(stage.url, "wrong") as stranger, pytest.raises(Refused, match="does not accept the token"):
        stranger.open_run()
    with Soundstage(stage.url, TOKEN) as soundstage, pytest.raises(Inconclusive, match="of a run alone"):
        soundstage.email.none()
    with pytest.raises(Refused, match="Window w-1 of run r is open"), Soundstage(stage.url, TOKEN) as soundstage:
        soundstage.open_run().open_window("another")


def test_a_run_and_its_windows_without_pytest(stage: Stage) -> None:
    stage.add(mail(1, "ann@example.test", "Welcome"))
    with Soundstage(stage.url, TOKEN) as soundstage, soundstage.run("nightly", listener=True) as run:
        with run.window("sign up") as window:
            assert window.email.one().subject == "Welcome"
        assert run.verify("version: 1")["verdict"] == "clean"
        assert run.told()["id"] == run.id == "r"
    assert stage.bodies[0] == {"name": "nightly", "listener": True}
    assert stage.asked[-1] == "POST /api/runs/r/finish"


async def test_the_same_to_be_awaited(stage: Stage) -> None:
    stage.add(mail(1, "ann@example.test", "Welcome"))
    async with AsyncSoundstage(stage.url, TOKEN).run("nightly") as run, run.window("sign up") as window:
        assert (await window.email.wait_for(to="ann@*")).subject == "Welcome"
        assert (await window.email.one()).id == "c001"
        assert await window.email.count() == len(await window.email.all()) == 1
        await window.payments.none()
        await window.assert_nothing_else()
        await window.assert_nothing_left()
        await window.settle()
        window.scope.timeout = 0.1
        with pytest.raises(NotAsExpected, match="no sms at all"):
            await window.sms.wait_for(to="+1*")
        assert (await run.verify("version: 1"))["verdict"] == "clean"
        assert (await run.told())["id"] == "r"
    assert stage.asked[-1] == "POST /api/runs/r/finish"
