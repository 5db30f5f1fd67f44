"""What must survive the role: a small database, and a journal of what was acknowledged to controllers."""
