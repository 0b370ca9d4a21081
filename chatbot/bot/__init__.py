"""One bot: runner, pipeline, mailboxes, sender."""
