"""What the federation needs of the world around it."""
