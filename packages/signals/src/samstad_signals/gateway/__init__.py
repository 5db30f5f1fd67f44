"""Where RSMP is spoken: the supervisor over the sessions of samstad-rsmp."""
