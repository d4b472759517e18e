"""People and programs looking in: pages, API, live stream, sign-in. Never touches traffic."""
