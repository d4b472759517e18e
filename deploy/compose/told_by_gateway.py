"""Asks the API whether all of the shop's day was captured and nothing left: `told_by_gateway.py URL < TOKEN`."""

import sys
from collections import Counter

import httpx

from demo.day import EXPECTED


def captures(api: httpx.Client, **query: str | int) -> list[dict[str, object]]:
    """All captures that match; one page holds a day."""
    answer = api.get("/api/captures", params={"limit": 1000, **query}).raise_for_status().json()
    if answer["next"] is not None:
        raise SystemExit("a day has more captures than one page holds")
    return list(answer["items"])


def main(url: str, token: str) -> int:
    """0 where everything is as expected, else 1."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=20) as api:
        api.get("/readyz").raise_for_status()
        everything, left = captures(api), captures(api, left="true")
    counts = Counter(
        str(item["channel"])
        for item in everything
        if item["intent"] in ("write", "read") and item["channel"] not in ("dns", "web")
    )
    other = sorted({f"{item['channel']} of {item['source']}" for item in everything if item["verdict"] == "allow"})
    sys.stdout.write(f"    {dict(sorted(counts.items()))}, {len(everything)} captures in all, {len(left)} left\n")
    if dict(counts) != EXPECTED or left or other:
        sys.stdout.write(f"    expected {EXPECTED} and nothing left or allowed; allowed: {other}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.stdin.read().strip()))
