"""Worker processes and other machines."""
