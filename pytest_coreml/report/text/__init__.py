"""Facts and verdicts in words, for a terminal and for the messages of tests."""
