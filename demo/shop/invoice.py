"""Invoices, kept in S3 with boto3."""

import os

import boto3

from demo.shop.customer import Order


def file_invoice(order: Order) -> str:
    """Upload an order's invoice and read it back; its key."""
    bucket, key = os.environ["INVOICE_BUCKET"], f"2026/{order.number}.txt"
    written = f"INVOICE {order.number}\n{order.item}: {order.total}\n{order.customer.name}\n".encode()
    storage = boto3.client("s3", region_name="eu-central-1")
    storage.put_object(Bucket=bucket, Key=key, Body=written, ContentType="text/plain")
    if storage.get_object(Bucket=bucket, Key=key)["Body"].read() != written:
        raise RuntimeError(f"invoice {key} does not read back as it was written")
    return key
