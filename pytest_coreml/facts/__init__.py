"""What was measured, declared and described: plain data, with no behaviour but arithmetic."""
