"""Migrations: how a ledger's file comes to the schema of this version. Run by the gateway when it opens."""
