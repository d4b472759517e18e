"""The ways in for HTTP, TLS and DNS: listeners, the door, mitmproxy, certificates."""
