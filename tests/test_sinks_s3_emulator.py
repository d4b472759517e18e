"""S3 through moto: what was put can be read, listed, copied and deleted, whatever style it is addressed in."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest
from provider_server import Provider, serving

from ledger.reply import Reply
from policies.body import Body
from policies.decision import Decision
from policies.describe import describe
from policies.http_request import HttpRequest
from policies.pack import Packs
from sinks.moto_supervisor import MotoProcess
from sinks.passage import Passage
from sinks.s3_emulator import S3Emulator

HOST = "s3.eu-west-1.amazonaws.com"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    moto = MotoProcess()
    emulator = S3Emulator(moto)
    with serving(HOST, {"s3": emulator}, [emulator.close, moto.stop]) as running:
        yield running


@pytest.fixture(scope="module")
def client(provider: Provider) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=provider.url,
        region_name="eu-west-1",
        aws_access_key_id="AKIASTAGINGSTAGING00",
        aws_secret_access_key="c" * 40,
        config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def test_a_bucket_nobody_created_is_there(client: Any) -> None:
    client.put_object(Bucket="never-created", Key="a/b.txt", Body=b"INVOICE", ContentType="text/plain")
    read = client.get_object(Bucket="never-created", Key="a/b.txt")
    assert (read["Body"].read(), read["ContentType"]) == (b"INVOICE", "text/plain")


def test_lists_and_deletes(client: Any) -> None:
    for name in ("one", "two", "three"):
        client.put_object(Bucket="listed", Key=f"docs/{name}", Body=name.encode())
    found = client.list_objects_v2(Bucket="listed", Prefix="docs/")["Contents"]
    assert sorted(item["Key"] for item in found) == ["docs/one", "docs/three", "docs/two"]
    client.delete_object(Bucket="listed", Key="docs/one")
    assert client.list_objects_v2(Bucket="listed")["KeyCount"] == 2


def test_copies_keep_content_and_metadata(client: Any) -> None:
    client.put_object(Bucket="copied", Key="from", Body=b"x" * 5000, Metadata={"order": "A1001"})
    client.copy_object(Bucket="copied", Key="to", CopySource={"Bucket": "copied", "Key": "from"})
    head = client.head_object(Bucket="copied", Key="to")
    assert (head["ContentLength"], head["Metadata"]) == (5000, {"order": "A1001"})


def test_a_multipart_upload_is_put_together(client: Any) -> None:
    begun = client.create_multipart_upload(Bucket="parts", Key="big")
    pieces = [b"a" * (5 << 20), b"b" * 100]
    tags = [
        client.upload_part(Bucket="parts", Key="big", PartNumber=n, UploadId=begun["UploadId"], Body=piece)["ETag"]
        for n, piece in enumerate(pieces, 1)
    ]
    client.complete_multipart_upload(
        Bucket="parts",
        Key="big",
        UploadId=begun["UploadId"],
        MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": n} for n, tag in enumerate(tags, 1)]},
    )
    assert client.get_object(Bucket="parts", Key="big")["Body"].read() == b"".join(pieces)


def test_what_was_never_put_is_missing_as_s3_says_it(client: Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchKey"):
        client.get_object(Bucket="never-created", Key="nothing")


@pytest.fixture(scope="module")
async def emulator() -> AsyncIterator[S3Emulator]:
    moto = MotoProcess()
    emulator = S3Emulator(moto)
    yield emulator
    await emulator.close()
    await moto.stop()


async def asked(emulator: S3Emulator, method: str, host: str, target: str, body: Body | None = None) -> Reply:
    request = HttpRequest(
        method=method,
        scheme="https",
        names=(("sni", host), ("host", host)),
        target=target,
        headers=(("host", host),),
        source="10.0.0.7",
        body=body or Body.of(b""),
    )
    effect, known = describe(request, Packs.built_in(), run="test")
    decision = Decision(verdict="capture", rule="default:storage", reason="captured by default")
    return await emulator.answer(Passage(request, known, effect, decision, "0192", datetime.now(UTC)))


@pytest.mark.parametrize(
    ("put", "read"),
    [
        pytest.param(("shop.s3.eu-west-1.amazonaws.com", "/v/k"), (HOST, "/shop/v/k"), id="virtual-host-then-path"),
        pytest.param((HOST, "/paths/k%20with%20spaces"), (HOST, "/paths/k%20with%20spaces"), id="escaped-key"),
        pytest.param(
            (HOST, "/store/store/k"), ("store.s3.eu-west-1.amazonaws.com", "/store/k"), id="key-like-its-bucket"
        ),
        pytest.param(("shop.s3.amazonaws.com", "/old"), ("shop.s3.eu-west-1.amazonaws.com", "/old"), id="legacy-host"),
    ],
)
async def test_every_style_means_the_same_object(
    emulator: S3Emulator, put: tuple[str, str], read: tuple[str, str]
) -> None:
    assert (await asked(emulator, "PUT", *put, Body.of(b"content"))).status == 200
    answer = await asked(emulator, "GET", *read)
    assert (answer.status, answer.body, answer.fidelity) == (200, b"content", "emulated")


async def test_a_long_body_is_sent_from_its_file(emulator: S3Emulator, tmp_path: Path) -> None:
    content = b"0123456789" * 1_000_000
    file = tmp_path / "upload"
    file.write_bytes(content)
    whole = Body.of(content)
    streamed = Body(None, whole.size, whole.sha256, file)
    assert (await asked(emulator, "PUT", HOST, "/large/file", streamed)).status == 200
    assert (await asked(emulator, "GET", HOST, "/large/file")).body == content
