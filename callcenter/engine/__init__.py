"""What is alive now. Everybody outside comes in through `engine.api`."""
