"""Jobs: what runs in a child process, is written down, and can be cancelled, retried and resumed."""
