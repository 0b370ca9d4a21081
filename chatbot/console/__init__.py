"""What an operator reads over HTTP: health, metrics, the console."""
