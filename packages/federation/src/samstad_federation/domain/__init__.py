"""What is decided without asking anybody: who is asked, for what, and what the answers come to."""
