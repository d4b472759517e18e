"""What a person is given to paste, to let an attempt through: nothing that would let a live credential out with it."""

import ssl

import httpx
from running import Running

LIVE = "Bearer sk_live_51abcdefghijk"


async def test_the_page_of_an_attempt_with_a_live_key_proposes_what_keeps_the_key_inside(gateway: Running) -> None:
    """A capture holds no credentials: what is proposed from it alone would let the next live key out."""
    trust, proxy = ssl.create_default_context(cafile=str(gateway.ca)), f"http://{gateway.addresses['proxy']}"
    async with httpx.AsyncClient(proxy=proxy, verify=trust, headers={"authorization": LIVE}, timeout=60) as client:
        sent = await client.post("https://api.stripe.com/v1/charges", data={"amount": "1", "currency": "eur"})
    with gateway.api() as api:
        page = api.get(f"/attempts/{sent.headers['soundstage-capture']}").text
        question = {"method": "POST", "url": "https://api.stripe.com/v1/charges"}
        asked = api.post("/api/policy/explain", json=question).json()["opt_in"]
    assert "credentials: test" in page
    assert "It carried a live credential, which this keeps inside" in page
    assert "# Add `credentials: test`" in asked, "nor is it known of a question what it will carry"
