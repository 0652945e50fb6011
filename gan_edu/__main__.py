"""`python -m gan_edu` is `gan-edu`, for machines where scripts are not on the path."""

import sys

from gan_edu.cli import main

sys.exit(main())
