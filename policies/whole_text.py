"""Whole text: what a client wrote, without halves of surrogate pairs: JSON can say them; UTF-8, and so RE2, cannot."""


def whole(text: str) -> str:
    """The same text, and the same object, where all of it is characters; else with U+FFFD for each half."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
