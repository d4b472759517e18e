"""Settings as an operator gives them: environment over file over defaults, and what is said of a wrong one."""

from pathlib import Path

import pytest

from soundstage.settings import Settings
from soundstage.settings_source import read_settings
from soundstage.trouble import ConfigError


def test_defaults_bind_to_loopback() -> None:
    settings = read_settings({})
    assert (settings.bind, settings.dashboard_bind) == ("127.0.0.1", "127.0.0.1")
    assert settings.steered_to == ("127.0.0.1",)
    assert settings.token_file == Path.cwd() / "soundstage-data" / "admin.token"
    assert settings.dashboard_names == ("localhost", "127.0.0.1")


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        pytest.param("SOUNDSTAGE_PROXY_PORT", "0", "proxy_port", 0, id="any-free-port"),
        pytest.param("SOUNDSTAGE_KEEP_BYTES", "2 GiB", "keep_bytes", 2**31, id="binary-size"),
        pytest.param("SOUNDSTAGE_KEEP_BYTES", "1.5MB", "keep_bytes", 1_500_000, id="decimal-size"),
        pytest.param("SOUNDSTAGE_BIND", "[::1]", "bind", "::1", id="bracketed-address"),
        pytest.param("SOUNDSTAGE_POLICY", "a.yaml:b.yaml", "policy", (Path("a.yaml"), Path("b.yaml")), id="two-files"),
        pytest.param("SOUNDSTAGE_DASHBOARD_HOSTS", "a, b,", "dashboard_hosts", ("a", "b"), id="hosts"),
        pytest.param("SOUNDSTAGE_STEER_TO", "10.0.0.1,fd00::1", "steer_to", ("10.0.0.1", "fd00::1"), id="two-families"),
        pytest.param("SOUNDSTAGE_SMTP_PORT", "", "smtp_port", 1025, id="empty-is-unset"),
        pytest.param(
            "SOUNDSTAGE_INTERNAL_ZONES",
            "svc.cluster.local=10.96.0.10, .Corp.example.=[::1]:5353,x=[::1]",
            "internal_zones",
            {"svc.cluster.local": "10.96.0.10", "corp.example": "[::1]:5353", "x": "[::1]"},
            id="zones",
        ),
    ],
)
def test_variable_is_read(variable: str, text: str, field: str, value: object) -> None:
    assert getattr(read_settings({variable: text}), field) == value


@pytest.mark.parametrize(
    ("environ", "message", "hint"),
    [
        pytest.param(
            {"SOUNDSTAGE_PROXY_PROT": "1"},
            "the environment variable SOUNDSTAGE_PROXY_PROT is no setting of Soundstage",
            "did you mean SOUNDSTAGE_PROXY_PORT?",
            id="typo",
        ),
        pytest.param(
            {"SOUNDSTAGE_SERVICE_HOST": "10.0.0.1"},
            "the environment variable SOUNDSTAGE_SERVICE_HOST is no setting of Soundstage",
            "Kubernetes sets it for a Service named soundstage: set enableServiceLinks: false in the pod",
            id="kubernetes-service-link",
        ),
        pytest.param(
            {"SOUNDSTAGE_DNS_PORT": "65536"},
            "SOUNDSTAGE_DNS_PORT=65536: must be a port number from 0 (any free one) to 65535",
            None,
            id="port-too-high",
        ),
        pytest.param(
            {"SOUNDSTAGE_BIND": "localhost"},
            "SOUNDSTAGE_BIND=localhost: must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1",
            None,
            id="bind-by-name",
        ),
        pytest.param(
            {"SOUNDSTAGE_KEEP_DAYS": "0"},
            "SOUNDSTAGE_KEEP_DAYS=0: must be a whole number of days, 1 or more",
            None,
            id="no-days",
        ),
        pytest.param(
            {"SOUNDSTAGE_KEEP_BYTES": "lots"},
            "SOUNDSTAGE_KEEP_BYTES=lots: must be a size such as 500 MB, 10 GB or a number of bytes",
            None,
            id="no-size",
        ),
        pytest.param(
            {"SOUNDSTAGE_STEER_TO": "10.0.0.1,10.0.0.2"},
            "SOUNDSTAGE_STEER_TO=10.0.0.1,10.0.0.2: must name at most one IPv4 and one IPv6 address",
            None,
            id="two-of-one-family",
        ),
        pytest.param(
            {"SOUNDSTAGE_INTERNAL_ZONES": "corp.example"},
            "SOUNDSTAGE_INTERNAL_ZONES=corp.example: must read zone=resolver, such as svc.cluster.local=10.96.0.10 or "
            "corp.example=10.0.0.53:5353",
            None,
            id="zone-without-resolver",
        ),
        pytest.param(
            {"SOUNDSTAGE_BIND": "0.0.0.0"},
            "SOUNDSTAGE_BIND=0.0.0.0 listens on every address, and DNS cannot answer with that one",
            "set SOUNDSTAGE_STEER_TO to the address that staging reaches this machine by",
            id="wildcard-without-steer-to",
        ),
        pytest.param(
            {"SOUNDSTAGE_DASHBOARD_BIND": "10.0.0.1", "SOUNDSTAGE_DASHBOARD_HOSTS": "stage.example"},
            "SOUNDSTAGE_DASHBOARD_BIND=10.0.0.1 is beyond loopback, which needs SOUNDSTAGE_ADMIN_TOKEN_FILE to be set",
            "name the token file and the Host names people use, or bind the dashboard to 127.0.0.1",
            id="exposed-dashboard-without-token-file",
        ),
    ],
)
def test_refusal_says_what_and_where(environ: dict[str, str], message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as refused:
        read_settings(environ)
    assert (str(refused.value), refused.value.hint) == (message, hint)


def test_exposed_dashboard_passes_once_both_are_said() -> None:
    said = {
        "SOUNDSTAGE_DASHBOARD_BIND": "0.0.0.0",
        "SOUNDSTAGE_DASHBOARD_HOSTS": "stage.example",
        "SOUNDSTAGE_ADMIN_TOKEN_FILE": "/run/secrets/token",
    }
    assert read_settings(said).token_file == Path("/run/secrets/token")


def test_environment_wins_over_file_and_options_over_both(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("proxy_port: 1\nsmtp_port: 2\ndata_dir: data\npolicy: [p.yaml]\n")
    settings = read_settings({"SOUNDSTAGE_CONFIG": str(file), "SOUNDSTAGE_SMTP_PORT": "3"}, None, {"data_dir": "/d"})
    assert (settings.proxy_port, settings.smtp_port, settings.data_dir) == (1, 3, Path("/d"))
    assert settings.policy == (tmp_path / "p.yaml",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("prox_port: 1", "in {}, the key prox_port is no setting of Soundstage", id="unknown-key"),
        pytest.param("- a", "the settings file {} has to be a mapping of settings, it is a list", id="a-list"),
        pytest.param(
            "proxy_port: high",
            "{}: proxy_port=high: must be a port number from 0 (any free one) to 65535",
            id="bad-value",
        ),
        pytest.param("a: [", "the settings file {} is not YAML: ", id="broken"),
    ],
)
def test_bad_file_is_refused_whole(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_settings({}, file)
    assert str(refused.value).startswith(message.format(file))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read: No such file"):
        read_settings({}, tmp_path / "none.yaml")


def test_settings_survive_the_way_to_a_child_process() -> None:
    settings = read_settings({"SOUNDSTAGE_INTERNAL_ZONES": "a=10.0.0.1", "SOUNDSTAGE_POLICY": "p.yaml"})
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
