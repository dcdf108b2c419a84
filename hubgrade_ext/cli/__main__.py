"""`python -m hubgrade_ext.cli`."""

from __future__ import annotations

import sys

from hubgrade_ext.cli.program import main

sys.exit(main())
