"""mitmproxy is one pinned release with one set of options, or the gateway does not start."""

from dataclasses import replace

import pytest

from proxy.mitm_options import HELD, PINNED, EngineUnsuitable, HeldOptions, check_held


def test_what_is_installed_and_held_is_suitable() -> None:
    check_held()
    assert (HELD.connection_strategy, HELD.upstream_cert, HELD.rawtcp) == ("lazy", False, False)
    assert (HELD.allow_hosts, HELD.ignore_hosts) == ((), ())


def test_another_release_is_refused_by_name() -> None:
    with pytest.raises(EngineUnsuitable, match=r"mitmproxy 12\.3\.0 is installed, .* for 12\.2\.3 alone"):
        check_held(HELD, "12.3.0")


@pytest.mark.parametrize(
    "loosened",
    [
        pytest.param(replace(HELD, connection_strategy="eager"), id="dials-before-anything-is-seen"),
        pytest.param(replace(HELD, ignore_hosts=("example.com",)), id="tunnels-some-hosts"),
        pytest.param(replace(HELD, allow_hosts=("example.com",)), id="tunnels-all-other-hosts"),
        pytest.param(replace(HELD, upstream_cert=True), id="asks-the-real-server-for-its-certificate"),
        pytest.param(replace(HELD, rawtcp=True), id="relays-raw-bytes"),
        pytest.param(replace(HELD, validate_inbound_headers=False), id="does-not-look-at-headers"),
        pytest.param(replace(HELD, stream_large_bodies="1m"), id="sends-before-the-whole-is-here"),
    ],
)
def test_a_loosened_option_is_refused(loosened: HeldOptions) -> None:
    with pytest.raises(EngineUnsuitable, match="nothing is held unless"):
        check_held(loosened, PINNED)


def test_an_option_that_is_not_held_does_not_exist() -> None:
    with pytest.raises(AttributeError):
        _ = HELD.ssl_insecure  # type: ignore[attr-defined] # what mitmproxy would do by itself
