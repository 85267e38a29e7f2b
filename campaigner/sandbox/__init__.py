"""A rehearsal stage: local servers that speak each network's own protocol, with a page to look at.

Nothing of it is imported by what it plays for: the product meets it over the network only.
"""
