"""The hub's own side, as its user meets it: configuration, database, proxy, certificate, spawner, unit.

    command line ─► report ─► asking ─► child (a process of its own)
                                          ├─ as the hub's user: configuration, then everything it names
                                          └─ as each instructor: may he write the hub's database?

The configuration is Python and runs in the child. What comes back holds no
secret: tokens are counted, tried and compared there, and never leave it.
"""
