"""Where the gateway listens, for the hints of empty pages."""

from dashboard.gateway_link import Gateway, GatewayUnreachable


async def known_addresses(gateway: Gateway) -> dict[str, str]:
    """`{"smtp": "127.0.0.1:1025", ...}`; empty texts while the gateway does not answer, which a hint survives."""
    try:
        addresses = (await gateway.status()).get("addresses", {})
    except GatewayUnreachable:
        addresses = {}
    return {"smtp": "", "proxy": "", **addresses}
