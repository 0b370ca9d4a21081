"""Many bots in one process."""
