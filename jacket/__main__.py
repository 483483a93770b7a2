"""``python -m jacket`` is the command."""

import sys

from jacket.cli import main

sys.exit(main())
