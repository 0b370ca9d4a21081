"""Chat bots that work as agents in Genesys contact centres."""
