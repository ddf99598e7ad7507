"""``python -m rtfractions_cli`` is the command ``rtfractions``."""

import sys

from rtfractions_cli.main import main

sys.exit(main())
