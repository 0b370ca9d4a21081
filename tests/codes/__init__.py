"""Every code, as a user meets it."""
