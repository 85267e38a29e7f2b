"""How fast, how late, how large: each figure beside a yardstick of the same run."""
