"""What the columns of a file are, and which of them is used for what."""
