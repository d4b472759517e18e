"""A web shop as its developers would have written it: the providers' own SDKs, and settings from the environment."""
