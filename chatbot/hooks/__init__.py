"""What a plugin author sees: hook specifications, the chat handle, the plugin manager."""
