"""What happened: captures, bodies, search, retention and masking. The only room that knows the database."""
