"""HTTP and nothing else; `routes.ROUTES` is the only list of addresses."""
