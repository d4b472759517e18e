"""What may happen: effects, rules, decisions and provider packs. Pure: no sockets, no database, no asyncio."""
