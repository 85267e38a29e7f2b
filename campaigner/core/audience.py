"""What a subscriber has to do with a list, and why they may not be mailed."""

from enum import StrEnum

from campaigner.core.address import mailbox_of as mailbox_of


class Standing(StrEnum):
    """What a subscriber has to do with a list."""

    PENDING = "pending"  # asked for, not confirmed yet
    ACTIVE = "active"
    LEFT = "left"
    COMPLAINED = "complained"
    BOUNCED = "bounced"


class Frequency(StrEnum):
    """How often a subscriber wants to be mailed by a list at most."""

    EVERY = "every"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class SuppressedFor(StrEnum):
    """Why a mailbox may not be mailed by anybody here."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    ERASURE = "erasure"
    BY_HAND = "by_hand"


class Exclusion(StrEnum):
    """Why a candidate does not get an edition."""

    SUPPRESSED = "suppressed"
    LEFT = "left"
    TOPIC = "topic"
    FREQUENCY = "frequency"
    REACHED = "reached"  # has the same edition already, or is about to, in another language
    ADDRESS = "address"
