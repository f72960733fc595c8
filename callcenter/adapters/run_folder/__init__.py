"""What the engine leaves in the run folder for those who go on without it, or without the database."""
