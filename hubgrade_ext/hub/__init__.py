"""JupyterHub: its REST API, groups and roles."""
