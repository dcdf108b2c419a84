"""Will this work? A catalogue of checks, the facts they look at, and the runner. See docs/preflight.md."""
