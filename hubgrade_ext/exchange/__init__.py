"""Release, collect, fetch, submit and feedback over the exchange classes that the course configures."""
