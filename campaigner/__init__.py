"""campaigner: localized campaigns, written once, published on time, never twice in silence."""

import zoneinfo

__version__ = "0.1.0"

# A wall-clock time must mean the same instant on every machine: the packaged
# tzdata is used, never the system's, whose age nobody knows.
zoneinfo.reset_tzpath(to=())
