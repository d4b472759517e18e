"""Secret hints: for each pattern that masking looks for, how a match of it begins, or what it cannot be without.

Each is shorter than its pattern and counts as little as it can, so that the engine needs few states for all of them:
identifiers, which are new with every request, lead it through the same few again and again.
"""

from ledger.secret_patterns import PACKED_KEYS, RUN_OF_DIGITS
from ledger.spelt_signs import SLASH
from policies.hint import Hint

_SLASH = SLASH.decode()
_WORD = r"(?-u:\b)"

KEYS: dict[str, str] = {
    "run_token": "(?i:soundstage(?:_|%5f)[0-9a-f]{8})|c291bmRzdGFnZV|NvdW5kc3RhZ2Vf|zb3VuZHN0YWdlX",
    "stripe_secret_key": "[sr]k_(?:live|test|org)_",
    "stripe_webhook_secret": "whsec_",
    "slack_token": "xox[a-z][.-]|xapp-",
    "slack_webhook": r"(?i:hooks\.slack(?:-gov)?\.com)|services" + _SLASH + "T[A-Z0-9]{7}",
    "sendgrid_api_key": r"SG\.[A-Za-z0-9_-]{10}",
    "aws_access_key_id": "A[KS]IA[0-9A-Z]{8}",
    "google_api_key": "AIza",
    "google_access_token": r"ya29\.",
    "github_token": "gh[pousr]_|github_pat_",
    "gitlab_token": "glpat-",
    "twilio_api_key": "SK[0-9a-f]{8}",
    "mailgun_api_key": "key-[0-9a-f]{8}",
    "llm_api_key": _WORD + "sk-",
    "square_token": "EAAA|sq0[a-z]{3}-",
    "razorpay_key": "rzp_(?:live|test)_",
    "payment_token": _WORD + "(?:live|sandbox)_",
    "braintree_token": r"(?:\$|%24)(?:production|sandbox)(?:\$|%24)",
    "shopify_token": "shp(?:at|ca|pa|ss)_",
    "telegram_bot_token": "[0-9]:AA",
    "package_token": "npm_|pypi-|dop_v1_",
    "private_key": "-----BEGIN(?:[ +]|%20)|LS0tLS1CRUdJTi",
    "jwt": "eyJ",
    "bearer_token": "(?i:bearer(?:[ +]|%20))",
    "basic_credential": "(?i:basic(?:[ +]|%20))",
    "websocket_token": r"base64url\.bearer\.",
    "packed_key": _WORD + f"(?:{PACKED_KEYS.decode()})",
    "chat_webhook": "api" + _SLASH + "webhooks|webhookb2",
    "url_password": ":" + _SLASH + r"""{2}(?:[^/ \t\n\f\r:@"'<>\\]*:[^/ \t\n\f\r@"'<>\\]+|[A-Za-z0-9_-]{20,}:?)@""",
}
"""By the label of the key."""

KEY_HINT = Hint("|".join([*KEYS.values(), RUN_OF_DIGITS.decode().replace(r"\b", _WORD)]))
"""Of `MaskPlan.any_key`. By itself, for together with names the engine would need far more states."""
OURS_HINT = Hint(KEYS["run_token"])
"""Of a run's own token."""
ALWAYS = Hint("")
"""Of what has none."""


def name_hint(*patterns: bytes) -> Hint:
    """Of what one provider's bodies and header fields hold beside keys: names, links, escapes.

    `patterns`: RE2's own, which both engines read alike once what is no letter is so in both.
    """
    if not all(pattern.isascii() for pattern in patterns):
        # A pack's name that is no ASCII: which octets are alike but for case, RE2 alone can say.
        return ALWAYS
    read_alike = [pattern.decode().replace("[^a-z0-9]", "(?-i:[^a-zA-Z0-9])") for pattern in patterns]
    return Hint("|".join(read_alike))
