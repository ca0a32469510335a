"""What a report or a comparison can be rendered as: one `render` a file."""
