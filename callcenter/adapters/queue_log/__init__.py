"""queue_log, the file that reporting tools read."""
