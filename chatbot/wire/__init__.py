"""How bytes move: Bayeux, long-polling, REST, the agent session."""
