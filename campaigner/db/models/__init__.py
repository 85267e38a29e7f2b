"""Every table, by family. Functions over them stand in campaigner.db, one file per noun."""

from campaigner.db.models.accounts import Account, Pause, RateBucket, RelayHealth
from campaigner.db.models.audience import (
    Erasure,
    Signup,
    Subscriber,
    SubscriberTopic,
    Subscription,
    Suppression,
)
from campaigner.db.models.base import Base
from campaigner.db.models.broadcasts import Bounce, Broadcast, Exclusion
from campaigner.db.models.messages import (
    ApprovalRecord,
    Block,
    Edition,
    Medium,
    Message,
    MessageProject,
    Run,
)
from campaigner.db.models.outbox import (
    Attempt,
    Correction,
    Delivery,
    is_mail,
    is_mail_aside,
    is_post,
    is_queued_mail,
)
from campaigner.db.models.processes import CommentWindow, Milestone, Process
from campaigner.db.models.records import Alert, Heartbeat, Instance, Sample

__all__ = [
    "Account",
    "Alert",
    "ApprovalRecord",
    "Attempt",
    "Base",
    "Block",
    "Bounce",
    "Broadcast",
    "CommentWindow",
    "Correction",
    "Delivery",
    "Edition",
    "Erasure",
    "Exclusion",
    "Heartbeat",
    "Instance",
    "Medium",
    "Message",
    "MessageProject",
    "Milestone",
    "Pause",
    "Process",
    "RateBucket",
    "RelayHealth",
    "Run",
    "Sample",
    "Signup",
    "Subscriber",
    "SubscriberTopic",
    "Subscription",
    "Suppression",
    "is_mail",
    "is_mail_aside",
    "is_post",
    "is_queued_mail",
]
