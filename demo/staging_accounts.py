"""The shop's staging settings: made-up accounts with each provider, as an operator would set them."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def shop_settings(folder: Path) -> dict[str, str]:
    """Environment variables of the shop. Writes Firebase's service account, with a key made now, into `folder`."""
    return {
        "STRIPE_API_KEY": "sk_test_" + "51Soundstage" * 2,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "1" * 32,
        "SENDGRID_API_KEY": "SG." + "a" * 22 + "." + "b" * 43,
        "SLACK_BOT_TOKEN": "xoxb-1234-5678-staging",
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T00000000/B00000000/staging0staging0staging0",
        "PARTNER_WEBHOOK_URL": "https://api.parcels.example/v1/shipments",
        "INVOICE_BUCKET": "shop-staging-invoices",
        "AWS_ACCESS_KEY_ID": "AKIA" + "STAGING0" * 2,
        "AWS_SECRET_ACCESS_KEY": "c" * 40,
        "GOOGLE_APPLICATION_CREDENTIALS": str(_service_account(folder)),
    }


def _service_account(folder: Path) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = folder / "firebase.json"
    path.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "shop-staging",
                "private_key_id": "staging",
                "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
                "client_email": "shop@shop-staging.iam.gserviceaccount.com",
                "client_id": "1",
                "token_uri": "https://oauth2.googleapis.com/token",
            }
        )
    )
    path.chmod(0o600)
    return path
