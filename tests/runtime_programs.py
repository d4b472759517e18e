"""RuntimePrograms: one request of each runtime's own, to a host of its own, as its documentation would write it."""

from dataclasses import dataclass

JAVA = """
import java.net.*;
public class Asked { public static void main(String[] words) throws Exception {
    HttpURLConnection asked = (HttpURLConnection) new URL("https://java.partner.test/asked").openConnection();
    System.out.println(asked.getResponseCode());
} }
"""
PYTHON = """
import contextlib, sys, urllib.error, urllib.request
import httpx, requests
print(httpx.get("https://httpx.partner.test/asked").status_code)
print(requests.get("https://requests.partner.test/asked").status_code)
with contextlib.suppress(urllib.error.HTTPError):
    urllib.request.urlopen("https://urllib.partner.test/asked")
"""
GRPC = """
import grpc
with grpc.secure_channel("grpc.partner.test:443", grpc.ssl_channel_credentials()) as channel:
    print(channel.unary_unary("/asked")(b"", timeout=20))
"""
NODE = """
const [host, port] = process.argv.slice(1);
const asked = {host, port, servername: "node.partner.test", path: "/asked", headers: {host: "node.partner.test"}};
require("https").get(asked, (answer) => { console.log(answer.statusCode); answer.resume(); });
"""
FETCH = 'fetch("https://{name}.partner.test/asked").then((answer) => console.log(answer.status))'
PERL = """
use LWP::UserAgent; use HTTP::Tiny;
my $agent = LWP::UserAgent->new; $agent->env_proxy;
print $agent->get("https://lwp.partner.test/asked")->code, "\\n";
print HTTP::Tiny->new(verify_SSL => 1)->get("https://tiny.partner.test/asked")->{status}, "\\n";
"""
PHP = """
$asked = curl_init("https://php.partner.test/asked");
curl_setopt($asked, CURLOPT_RETURNTRANSFER, true);
curl_exec($asked);
echo curl_getinfo($asked, CURLINFO_RESPONSE_CODE);
"""
PHP_STREAM = """
$by = parse_url(getenv("HTTPS_PROXY"));
$sign = "Proxy-Authorization: Basic " . base64_encode($by["user"] . ":" . $by["pass"]);
$options = ["proxy" => "tcp://" . $by["host"] . ":" . $by["port"], "header" => $sign, "ignore_errors" => true];
file_get_contents("https://stream.partner.test/asked", false, stream_context_create(["http" => $options]));
echo $http_response_header[0];
"""
RUBY = 'require "net/http"; puts Net::HTTP.get_response(URI("https://ruby.partner.test/asked")).code'
OPENSSL = """
printf 'GET /asked HTTP/1.1\\r\\nHost: openssl.partner.test\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client \
-quiet -verify_return_error -verify_hostname openssl.partner.test -servername openssl.partner.test \
-connect {https}
"""


@dataclass(frozen=True)
class Program:
    """A command line; `{...}` in it are the run's own places and this test's folder."""

    name: str
    words: tuple[str, ...]
    asked: tuple[str, ...]
    """The URLs that have to be captured, with their certificates accepted."""
    says: str = ""
    """What its output has to hold, where it says what it got."""

    @property
    def needs(self) -> str:
        """What has to be installed."""
        return "openssl" if self.name == "openssl" else self.words[0]


def _asked(*names: str) -> tuple[str, ...]:
    return tuple(f"https://{name}.partner.test/asked" for name in names)


PROGRAMS = (
    Program("curl", ("curl", "-sS", "https://curl.partner.test/asked"), _asked("curl"), "no opt-in matches"),
    Program("wget", ("wget", "-O", "-", "https://wget.partner.test/asked"), _asked("wget"), "403 Forbidden"),
    Program(
        "git", ("git", "ls-remote", "https://git.partner.test/x"), ("https://git.partner.test/x/info/refs",), "403"
    ),
    Program("openssl", ("sh", "-c", OPENSSL), _asked("openssl"), "no opt-in matches"),
    Program(
        "pip",
        ("{python}", "-m", "pip", "index", "versions", "x", "--retries=0", "-i", "https://pip.partner.test"),
        ("https://pip.partner.test/x/",),
    ),
    Program("python", ("{python}", "-c", PYTHON), _asked("httpx", "requests", "urllib"), "403\n403\n"),
    Program("grpc", ("{python}", "-c", GRPC), _asked("grpc")),
    Program("node", ("node", "-e", NODE, "{host}", "{port}"), _asked("node"), "403"),
    Program(
        "npm", ("npm", "view", "x", "--registry=https://npm.partner.test"), ("https://npm.partner.test/x",), "E403"
    ),
    Program("deno", ("deno", "eval", FETCH.replace("{name}", "deno")), _asked("deno"), "403"),
    Program("bun", ("bun", "-e", FETCH.replace("{name}", "bun")), _asked("bun"), "403"),
    Program("java", ("java", "-XX:TieredStopAtLevel=1", "{folder}/Asked.java"), _asked("java"), "403"),
    Program(
        "go", ("go", "list", "-m", "-versions", "go.test/x"), ("https://go.partner.test/go.test/x/@v/list",), "403"
    ),
    Program("perl", ("perl", "-e", PERL), _asked("lwp", "tiny"), "403\n403\n"),
    Program("php", ("php", "-r", PHP), _asked("php"), "403"),
    Program("php-stream", ("php", "-r", PHP_STREAM), _asked("stream"), "403"),
    Program("ruby", ("ruby", "-e", RUBY), _asked("ruby"), "403"),
    Program(
        "cargo",
        ("cargo", "search", "x", "--index=sparse+https://cargo.partner.test/"),
        ("https://cargo.partner.test/config.json",),
        "403",
    ),
)
