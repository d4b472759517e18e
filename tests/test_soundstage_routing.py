"""The variables' values: what each kind of runtime is told, with and without a run's credentials."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_soundstage.variables import FILES, LISTS

from soundstage.addresses import Addresses
from soundstage.java_options import WORD, after, java_options
from soundstage.joined import joined
from soundstage.routing import routing
from soundstage.variables import EXPLAINED, RUNTIMES, VARIABLES, read_by

BOUND = Addresses(
    proxy="127.0.0.1:8080", https="127.0.0.1:2", http="127.0.0.1:3", dns="127.0.0.1:4", smtp="[::1]:1025",
    smtps="127.0.0.1:6", dashboard="http://127.0.0.1:8025", ca="/data/ca.pem",
)  # fmt: skip
BUNDLE = Path("/data/ca-bundle.pem")
OF_A_RUN = BOUND.model_copy(update={"proxy": "run-1:secret@127.0.0.1:8080"})
PAGE = (Path(__file__).resolve().parent.parent / "docs/runtimes.md").read_text()


def test_java_gets_properties_for_what_others_read_from_variables() -> None:
    words = shlex.split(routing(BOUND, BUNDLE)["JAVA_TOOL_OPTIONS"])
    told = dict(word.removeprefix("-D").split("=", 1) for word in words)
    assert told == {
        "http.proxyHost": "127.0.0.1",
        "http.proxyPort": "8080",
        "https.proxyHost": "127.0.0.1",
        "https.proxyPort": "8080",
        "http.nonProxyHosts": "localhost|127.0.0.1|[::1]",
        "javax.net.ssl.trustStore": "/data/java-truststore.p12",
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": "changeit",
    }


@pytest.mark.parametrize("name", ["JAVA_TOOL_OPTIONS", "NO_PROXY", "SSL_CERT_FILE", "SMTP_HOST"])
def test_a_runs_token_is_in_proxy_urls_alone(name: str) -> None:
    routed = routing(OF_A_RUN, BUNDLE)
    assert routed["HTTPS_PROXY"] == routed["grpc_proxy"] == "http://run-1:secret@127.0.0.1:8080"
    assert routed[name] == routing(BOUND, BUNDLE)[name]
    assert "secret" not in routed[name]


def test_an_ipv6_mail_server_is_named_without_brackets() -> None:
    routed = routing(BOUND, BUNDLE)
    assert (routed["SMTP_HOST"], routed["SMTP_PORT"]) == ("::1", "1025")


@pytest.mark.parametrize(
    ("runtime", "has", "lacks"),
    [
        pytest.param("java", {"JAVA_TOOL_OPTIONS", "SMTP_HOST"}, {"HTTPS_PROXY", "SSL_CERT_FILE"}, id="java"),
        pytest.param("node", {"HTTPS_PROXY", "NODE_EXTRA_CA_CERTS"}, {"JAVA_TOOL_OPTIONS", "PIP_CERT"}, id="node"),
        pytest.param("go", {"HTTPS_PROXY", "SSL_CERT_FILE"}, {"NODE_USE_ENV_PROXY"}, id="go"),
        pytest.param("php", {"PHP_INI_SCAN_DIR", "SSL_CERT_FILE"}, {"SYSTEM_WGETRC"}, id="php"),
    ],
)
def test_what_one_runtime_reads(runtime: str, has: set[str], lacks: set[str]) -> None:
    reads = read_by(frozenset({runtime}))
    assert all(map(reads, has))
    assert not any(map(reads, lacks))
    assert reads("SOUNDSTAGE_RUN"), "a run's own names are for everybody"


def test_every_variable_has_a_reason_in_one_line() -> None:
    assert EXPLAINED.keys() == routing(BOUND, BUNDLE).keys()
    assert not [why for why in EXPLAINED.values() if not why or "\n" in why]
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_has_its_line_in_the_guide(runtime: str) -> None:
    assert f"| `{runtime}`" in PAGE


def test_the_client_knows_which_variables_name_files() -> None:
    named = {name for name, value in routing(BOUND, BUNDLE).items() if "/data/" in value}
    assert named == {*FILES, *LISTS}


def test_options_set_before_are_kept_but_for_what_ours_set() -> None:
    ours = java_options(("127.0.0.1", 8080), ["localhost"], "/data/store")
    theirs = "-Xmx1g -Dhttps.proxyHost=corporate '-Dnote=two words' \"-Dhttp.nonProxyHosts=*.corp|x\""
    made = after(theirs, ours)
    assert made == f"-Xmx1g '-Dnote=two words' {ours}"
    assert after(made, ours) == made


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_a_path_stays_one_word_whatever_it_holds(path: str) -> None:
    made = java_options(("127.0.0.1", 8080), [], path)
    words = WORD.findall(made)
    assert len(words) == 8
    assert after(made, made) == made


@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed")
def test_the_jvm_reads_back_what_went_in() -> None:
    path = '/a b/it\'s "c"/store'
    made = java_options(("127.0.0.1", 8080), ["localhost", "::1"], path)
    told = subprocess.run(
        ["java", "-XshowSettings:properties", "-version"], env={"JAVA_TOOL_OPTIONS": made, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert f"javax.net.ssl.trustStore = {path}\n" in told
    assert "http.nonProxyHosts = localhost|[::1]\n" in told


@pytest.mark.parametrize(
    ("set_before", "comes_out"),
    [
        pytest.param(None, ":/data/php", id="nothing-set"),
        pytest.param("", ":/data/php", id="empty"),
        pytest.param("/mine", "/mine:/data/php", id="a-folder-of-the-users"),
        pytest.param(":/mine:/data/php", ":/mine:/data/php", id="again"),
    ],
)
def test_phps_folders_are_added_to(set_before: str | None, comes_out: str) -> None:
    environ = {} if set_before is None else {"PHP_INI_SCAN_DIR": set_before}
    assert joined(environ, {"PHP_INI_SCAN_DIR": ":/data/php"}) == {"PHP_INI_SCAN_DIR": comes_out}


def test_what_is_no_list_is_replaced() -> None:
    assert joined({"HTTP_PROXY": "corporate", "OTHER": "x"}, {"HTTP_PROXY": "ours"}) == {"HTTP_PROXY": "ours"}
