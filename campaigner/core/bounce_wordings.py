"""What mail servers say, by reason: an ordered table of wordings.

The first that matches decides (core/bounce_reasons.py). So what is about us
(block lists, policies, authentication) stands before what is about the reader,
and a full or closed mailbox before one that does not exist. Texts are in small
letters, with ``<@>`` for an address and ``⌂`` for a host's name.

The wordings were written down from what servers are seen to say, most of them
in English, as nearly all servers speak it.
"""

import re
from collections.abc import Sequence

from campaigner.core.bounces import Reason

_PEOPLE = r"(?:user|recipient|mailbox|mail ?box|account|addressee|address|alias|e-?mail|name)"


def _any(*wordings: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{wording})" for wording in wordings))


WORDINGS: Sequence[tuple[Reason, re.Pattern[str]]] = (
    # Sentences that hold a word of another reason.
    (
        Reason.NETWORK_ERROR,
        _any(
            r"host not found,? try again",
        ),
    ),
    (
        Reason.CONTENT_ERROR,
        _any(
            r"duplicate header '",
        ),
    ),
    (
        Reason.SPAM_DETECTED,
        _any(
            r"blacklisted (?:url|link)",
        ),
    ),
    (
        Reason.REJECTED,
        _any(
            r"sending to/from an address that has been",
        ),
    ),
    (
        Reason.HOST_UNKNOWN,
        _any(
            r"account or domain may not exist",
        ),
    ),
    (
        Reason.VIRUS_DETECTED,
        _any(
            r"\bvirus(?:es)?\b(?! scan(?:ner|ning) (?:un|not))",
            r"\bmalware\b",
            r"\btrojan\b",
            r"\binfected\b",
            r"\bworm\b",
        ),
    ),
    (
        Reason.AUTH_FAILURE,
        _any(
            r"\b(?:spf|dkim|dmarc|sender ?id|arc)\b[^.]{0,80}\b(?:fail|polic|reject|not |"
            r"invalid|unauth|record|check|error|align|pass\b|permerror)",
            r"\b(?:fail\w*|reject\w*|violat\w*|not|pass\w*|unauth\w*|per|due to|because of)"
            r"\b[^.]{0,60}\b(?:spf|dkim|dmarc|sender policy framework)\b",
            r"unauthenticated e?-?mail|(?:mail|message|sender) is (?:un|not )authenticated",
            r"not authori[sz]ed to send (?:mail|e-?mail|from)",
            r"authentication checks? failed",
            r"is not allowed to send (?:mail )?from",
            r"sender (?:verification|authentication) (?:failed|required)",
            r"\bspf\b.{0,8}\b(?:hard ?fail|soft ?fail|none)\b",
            r"not (?:a )?designated (?:as )?(?:a )?(?:permitted )?sender",
        ),
    ),
    (
        Reason.REQUIRE_PTR,
        _any(
            r"\breverse[ -]?(?:dns|hostname|lookup|name|address|mapping|ip)",
            r"\br-?dns\b",
            r"\bptr\b",
            r"\bfcrdns\b",
            r"cannot (?:find|resolve) your (?:reverse |host)",
            r"mismatch\w* client ip",
            r"unresolvable (?:host|relay|ip)",
            r"(?:client|your|sending) (?:host ?name|ip(?: address)?)"
            r"[^.]{0,40}(?:not (?:found|resolv)|does(?:n't| not) resolve|cannot be resolved|"
            r"has no (?:dns|name))",
            r"unknown client",
            r"no (?:dns|name) (?:record |entry )?for your (?:ip|host)",
        ),
    ),
    (
        Reason.MESSAGE_TOO_BIG,
        _any(
            r"(?:message|mail|e-?mail|data|content|attachment)s?(?:'s)? (?:file )?(?:size|"
            r"length)[^.]{0,40}(?:exceed|limit|too|larg|big|maxim)",
            r"(?:message|mail|data|header|content)s?[^.]{0,30}\btoo (?:big|large)\b",
            r"(?:line|header|data)s?[^.]{0,20}\btoo long\b",
            r"exceed\w*[^.]{0,40}(?:(?:message|mail|file) ?size|size limit|maximum size|"
            r"size of)",
            r"\bsize limit\b",
            r"line limit exceed",
            r"\btoo large\b",
            r"recipsizelimit|sendersizelimit",
            r"larger than (?:the )?(?:current |maximum )",
            r"max(?:imum)?(?:[ -]message)?[ -]size",
            r"message length exceed",
        ),
    ),
    (
        Reason.MAILBOX_FULL,
        _any(
            r"(?:mail ?(?:box|folder|drop)|inbox|account|(?:user|"
            r"recipient)s?'?s? ?(?:mailbox)?)(?: storage)?(?: is| are| was|:|"
            r" has been)?(?: already| currently)?[ :]*(?:full|overfull|over ?quota|"
            r"over ?limit|out of (?:space|storage))",
            r"\bfull (?:mail ?box|inbox)",
            r"mailboxes? (?:are |is )?full",
            r"(?<!relay )(?<!sending )(?<!rate )(?<!message )(?<!hourly )(?<!daily )"
            r"\bquota\b[^.]{0,40}(?:exceed|full|violat|reached|viol|over|used)",
            r"(?:exceed\w*|over|beyond|above|out of|reached|no)[^.;]{0,40}(?<!relay )"
            r"(?<!sending )(?<!rate )\b(?:disk |storage |mail(?:box)? )?quota",
            r"\bover ?-?quota",
            r"exceed\w*[^.]{0,40}(?:storage|(?:mail ?box|inbox)(?: size| limit)?)\b",
            r"(?:mail ?box|storage|allocated|inbox|account)[^.]{0,40}(?:size|limit|"
            r"allocation|space)[^.]{0,20}exceed",
            r"mailbox (?:size|has exceeded|exceeds|exceeded|limit)",
            r"over (?:its|their|the|his|her) (?:storage|mailbox|disk|size)? ?(?:limit|quota|"
            r"size)",
            r"(?:insufficient|not enough|no|out of) (?:disk |storage |mailbox |"
            r"user )?space(?! (?:on|in) (?:the )?(?:system|server|device))",
            r"disk full|storage (?:is )?full|too (?:much|many) (?:mail|messages|unread) ",
            r"maildir (?:over|delivery failed: .*quota)",
            r"(?:buz[oó]n|caixa|bo[iî]te|postfach|casella)[^.]{0,40}(?:llen|lotad|chei|"
            r"plein|voll|piena)",
            r"メールボックス(?:が|は)(?:一杯|いっぱい)",
            r"容量(?:を)?(?:超|オーバー)",
            r"переполнен",
            r"邮箱(?:已满|空间不足)",
        ),
    ),
    (
        Reason.SYSTEM_FULL,
        _any(
            r"insufficient (?:system )?(?:storage|resources)",
            r"no space left",
            r"(?:system|server|mail system)(?:'s)? (?:storage |disk )?(?:is )?full",
            r"not enough space (?:on|in)",
        ),
    ),
    (
        Reason.SUSPEND,
        _any(
            r"(?:user|recipient|mail ?box|account|address|e-?mail|domain|subscriber)"
            r"(?:\(s\))?[^.;]{0,60}\b(?:disabled|de-?activated|inactive|suspended|"
            r"locked(?: out)?|frozen|discontinued|not active|not currently active|on hold|"
            r"blocked for|expired|temporar\w+ (?:limited|disabled|unavailable|blocked))\b",
            r"\b(?:disabled|inactive|suspended|deactivated|locked|frozen) (?:user|recipient|"
            r"mail ?box|account|address|domain)",
            r"(?:account|mailbox)(?: is| has been)? (?:closed|inactiv|cancell?ed)",
            r"user not active",
            r"recipient suspend",
            r"not been activated",
        ),
    ),
    (
        Reason.BLOCKED,
        _any(
            r"(?:black|block|deny|reject)(?:ed)?[ -]?list",
            r"\b(?:dnsbl|rbl|rbls|sbl|xbl|pbl|sorbs)\b",
            r"spamhaus|spamcop|barracudacentral|abuseat|senderbase|proofpoint dynamic",
            r"blocked (?:using|by|due|because|for|from|at|on)(?! (?:its )?content)",
            r"\bip\b[^.;]{0,60}\b(?:block|blacklist|reject|banned|denied|refus|bad|poor|"
            r"listed)",
            r"(?:client|connecting|sending|your|this) (?:host|server|ip|network|system|mta|"
            r"mail server)[^.;]{0,60}(?:block|reject|denied|banned|not allowed|refus|listed)",
            r"(?:access|connection|connections|connect|host|server)[^.;]{0,40}(?:denied by|"
            r"refused by|from your|is not allowed|not permitted|forbidden|banned|blacklist)",
            r"on our block ?list",
            r"messages? from [\d.]+ (?:weren't|was not|were not) sent",
            r"not accept\w* (?:mail|e-?mail|messages|connections) from (?:your|this|the|"
            r"dynamic|ip|host)",
            r"dynamic ip|residential ip|generic (?:host|rdns)|dial-?up|dul\b",
            r"you(?:r|'re| are)?[^.]{0,40}\b(?:relay|sending) quota",
            r"your e-?mail is redundant",
            r"you are not allowed to connect|no access from",
            r"invalid ip\b|not accepting connections",
            r"refused to talk to me",
            r"banned sending ip|bad (?:helo|ehlo)|helo (?:command )?reject",
            r"invalid (?:helo|ehlo)",
            r"your (?:access|mail) (?:to this|has been|is) ?(?:denied|blocked)",
        ),
    ),
    (
        Reason.BAD_REPUTATION,
        _any(
            r"\breputation\b",
            r"user complaints",
            r"poor (?:sender|sending)",
            r"unexpected volume",
        ),
    ),
    (
        Reason.SPEEDING,
        _any(
            r"\brate[ -]?limit",
            r"too (?:many|much) (?:messages|mails|e-?mails|mail)\b(?! in)",
            r"too (?:fast|quickly|frequent)",
            r"sending (?:rate|limit)",
            r"\bthrottl",
            r"receiving mail (?:at a rate|too quickly)",
            r"exceed\w*[^.]{0,30}\brate\b",
            r"try again later, (?:rate|too)",
            r"hourly (?:limit|quota)|daily (?:limit|message)",
            r"message submission rate",
            r"mail sending speed",
        ),
    ),
    (
        Reason.TOO_MANY_CONNECTIONS,
        _any(
            r"too many (?:concurrent |simultaneous |smtp |open )*(?:connections?|sessions?|"
            r"recipients?|errors|rcpt)",
            r"(?:connections?|sessions?|recipients?)[^.]{0,30}(?:limit|maximum)"
            r"[^.]{0,20}(?:exceed|reach)",
            r"connection (?:rate|count|limit)",
            r"recipient limit|reciplimit",
            r"maximum (?:number of )?(?:connections|recipients|sessions)",
            r"exceed\w*[^.]{0,30}(?:connections|recipients)",
        ),
    ),
    (
        Reason.EXCEED_LIMIT,
        _any(
            r"exceed\w*[^.]{0,20} limit\b(?! for)",
        ),
    ),
    (
        Reason.NO_RELAYING,
        _any(
            r"\brelay(?:ing)?\b[^.;]{0,40}\b(?:den|not|prohibit|reject|refus|disallow|"
            r"unable|fail|error)",
            r"(?:unable|not (?:permitted|allowed|authori[sz]ed)|no|cannot|can't|won't|don't|"
            r"refuse\w*|insecure|open) (?:to )?(?:mail )?relay",
            r"not a(?:n)? (?:open )?relay",
            r"(?:domain|host|address)[^.]{0,30}(?:isn't|is not|not) in (?:my|our|"
            r"the) (?:list of )?(?:allowed |rcpthosts|local)",
            r"\brcpthosts\b|relayhosts",
            r"not (?:a )?(?:local|our) (?:host|domain|gateway)|not a gateway",
            r"domain (?:is )?not (?:local|ours|handled|hosted)(?! here)",
        ),
    ),
    (
        Reason.SPAM_DETECTED,
        _any(
            r"\bspam",
            r"\bjunk\b",
            r"\bube\b|\bube,|\buce\b",
            r"unsolicited|bulk (?:e-?)?mail",
            r"message (?:content )?(?:was )?(?:rejected|refused)(?: because| due|"
            r" for)? (?:of )?(?:its )?content",
            r"content (?:filter|rejected|was rejected)",
            r"\bphish",
            r"message content rejected|rejected (?:due to|because of|by) (?:its )?content",
            r"looks like (?:a )?(?:bulk|advert)",
            r"mail rejete|mail rejected",
            r"scored? (?:of )?[\d.]+",
            r"blacklisted url|url (?:is )?(?:listed|blocked)|(?:uri|surbl)",
            r"considered (?:as )?(?:un)",
            r"transaction failed (?:due to|because) .*content",
            r"high probability",
        ),
    ),
    (
        Reason.NOT_COMPLIANT_RFC,
        _any(
            r"\brfc[ -]?\d{4}\b",
            r"not (?:rfc|compliant)|non-?compliant",
            r"multiple addresses in from",
            r"(?:bare|naked) (?:lf|cr|line ?feed)|duplicate header fields|"
            r"missing (?:a )?(?:valid )?(?:from|date|message-id) header|"
            r"multiple '?from'? headers",
        ),
    ),
    (
        Reason.CONTENT_ERROR,
        _any(
            r"\b8-?bit\b[^.]{0,40}(?:header|data)|improper use of 8",
            r"duplicate header",
            r"mime (?:error|type|content)|media error|invalid mime|malformed (?:mime|"
            r"message)",
            r"(?:header|message)s? (?:is |are )?(?:malformed|corrupt|invalid)",
            r"message contains (?:invalid|too)|header (?:count|too)|routing loop.*received:",
            r"(?:attachment|file)s?[^.]{0,40}(?:not allowed|forbidden|prohibited|blocked|"
            r"not permitted)",
            r"conversion (?:is )?required",
            r"too many \"?received\"?",
        ),
    ),
    (
        Reason.SECURITY_ERROR,
        _any(
            r"authentication (?:required|failed|credentials|turned on)|authrequired",
            r"smtp auth|must (?:be )?(?:authenticate|log ?in)|please (?:log ?in|"
            r"authenticate)",
            r"\bpop (?:before|first)|encryption (?:required|needed|requested)",
            r"not authenticated|requires authentication|only authenticated|cryptographic",
        ),
    ),
    (
        Reason.NO_TLS,
        _any(
            r"(?:must issue a |need |require\w* )?starttls(?: command)?(?: first|"
            r" is required| fail\w*)",
            r"tls (?:is )?(?:required|not available|handshake|negotiation)",
            r"server certificate (?:not|untrusted)|certificate (?:verification )?(?:fail|"
            r"expired)",
        ),
    ),
    (
        Reason.POLICY_VIOLATION,
        _any(
            r"\bpolic(?:y|ies)\b",
            r"potential security|security (?:issue|risk|reason|violation)",
            r"prohibited|administrative(?:ly)? (?:prohib|reject|lock)|header error",
            r"(?:blocked|rejected) because its content|not accepted for|"
            r"message rejected:? (?:for|by)",
            r"transport\.rules|rule imposed|message (?:was )?not allowed|"
            r"denied by the administrator",
            r"bad (?:attachment|file)|executable|disallowed",
        ),
    ),
    (
        Reason.REJECTED,
        _any(
            r"sender(?:'s)? (?:e-?mail )?(?:address |domain )?(?:was |is )?(?:reject|refus|"
            r"denied|unknown|invalid|not |verif\w* fail|does(?:n't| not))|"
            r"verification failed for|\bcall-?(?:back|out)\b|envelope sender|return[- ]path|"
            r"domain of sender|mail from[: ]+<@>[^.;]{0,20}(?:reject|refus|denied|invalid|"
            r"unknown)",
        ),
    ),
    (
        Reason.NOT_ACCEPT,
        _any(
            r"(?:host|domain|server|site|destination|machine)[^.;]{0,30}(?:does(?:n't| not)|"
            r"do not|never|not|isn't|seems? to reject|won't) ?(?:accept\w*|receiv\w*|tak\w*|"
            r"all)[^.;]{0,20}(?:any |all )?(?:e-?mail|mails?|smtp)\b(?! from)",
            r"\bnull ?mx\b|nullmx",
            r"no (?:smtp|mail) service|does not (?:support|run) (?:smtp|mail)",
            r"smtp (?:service )?(?:is )?(?:disabled|not (?:available|supported)) (?:here|"
            r"on this)",
            r"(?:no|not) (?:longer )?accept\w* (?:any )?(?:e-?mail|mail) for this (?:domain|"
            r"host)",
            r"seem to reject all mails",
        ),
    ),
    (
        Reason.HAS_MOVED,
        _any(
            r"(?:user|recipient|mailbox|account|address|he|she|they)?[^.;]{0,40}\b(?:has|"
            r"have) moved\b",
            r"\bmoved (?:to|permanently)|has been (?:replaced|changed) (?:by|to)",
            r"(?:new|changed) (?:e-?mail )?address is|address has changed|no longer (?:uses|"
            r"using) this",
            r"not our customer|please (?:use|try|forward)[^.]{0,20} <@>|mailbox moved",
        ),
    ),
    (
        Reason.HOST_UNKNOWN,
        _any(
            r"⌂\.?:? (?:host not found|does not exist|non-existent)",
            r"(?<!sender )(?<!sender's )(?<!from )(?<!your )(?<!client )(?<!helo )(?<!of )"
            r"(?:host|domain|e-?mail domain|mx)(?: name|"
            r" part)?(?: of (?:the )?recipient)?(?: \W*⌂\S*| <@>| for ⌂)?[ :]*(?:is |was |"
            r"are |has |name |could |can |did |does |do )*(?:an? )?(?:unknown|"
            r"not (?:be )?(?:found|exist|known|reachable|registered|valid|resolv\w+|in dns|"
            r"located)|n.t exist|cannot be found|invalid|non-?exist\w*|illegal|"
            r"can't be (?:found|resolved)|no mx|unreachable|not have (?:an? )?mx)",
            r"(?:unknown|invalid|illegal|bad|non-?existent|no such|unroutable|"
            r"unrouteable) (?:mail )?(?:remote )?(?:host|domain|server|destination|"
            r"address domain|host/domain)",
            r"\bnxdomain\b|domain name not found|name or service not known|"
            r"no route to (?:host|domain)",
            r"couldn't find any (?:host|domain) named|unrouteable (?:mail )?(?:address|"
            r"domain)",
            r"all relevant mx records point to non-?existent|no mx (?:record|host)|"
            r"mx record not found",
            r"domain doesn?'?t exist|couldn't find a mail exchanger|no mx found",
            r"host or domain name not found|domain is not reachable|domain may not exist",
        ),
    ),
    (
        Reason.USER_UNKNOWN,
        _any(
            rf"(?:unknown|invalid|illegal|bad|wrong|no such|non-?existent|undeliverable|"
            rf"incorrect|unrecogni[sz]ed|unroutable|no valid|not a valid|"
            rf"obsolete) (?:or (?:invalid|unknown|missing) |local |final |final delivery |"
            rf"remote |virtual |e-?mail |mail |delivery |to |internal |smtp )?{_PEOPLE}(?:id|"
            rf"name| ?id|es|s|-part| part)?\b",
            rf"\b{_PEOPLE}(?:id|es|s|name| ?id)?\b(?:\(s\))?[^.;]{{0,60}}(?:\bunknown\b|"
            rf"not (?:exist|found|known|valid|recogni[sz]ed|listed|available here|hosted|"
            rf"registered|present|on (?:this|our)|have an? )|(?:does|do|did|could|can|was|"
            rf"were|is|has|may)(?:n't|n\?t| ?not|nt)\b[^.;]{{0,25}}(?:exist|found|known|"
            rf"valid|recogni[sz]ed|listed|have|located|a known|an account|any)|can(?:'t|"
            rf"not) be (?:found|located)|\bno longer\b|\binvalid\b|non-?exist|not? in (?:our|"
            rf"the|directory|list)|no such)",
            rf"no (?:such |valid |mail ?box|account|{_PEOPLE}s?\b)[^.;]{{0,30}}(?:user|"
            rf"recipient|mailbox|person|here|by that name|with that|account|name|address|"
            rf"found)",
            r"(?:this|that) (?:user|account|address|mailbox|name|person)"
            r"[^.;]{0,30}(?:does ?n.t|is not|isn't|do not|not) ",
            r"there is no (?:one|such|user|mailbox|account)",
            r"recipnotfound|nosuchuser|recipient ?not ?found",
            r"(?:recipient|address) (?:name )?(?:is )?not (?:recogni[sz]ed|found|known)",
            r"no (?:longer|more) (?:available|valid|works?|employed|with|an? )",
            r"unknown or illegal alias",
            r"unknown local[- ]part|no such (?:person|recipient|user)",
            r"sorry, no mailbox here|mailbox (?:not|in)valid|mailbox does not|no mailbox",
            r"not a known (?:user|mailbox|recipient)|unknown (?:e-?mail )?address|"
            r"destinataire in",
            r"has been deleted|account (?:was )?(?:deleted|removed)|deleted (?:user|account|"
            r"mailbox)",
            r"user (?:does not|doesn't) have an? .{0,30}account",
            r"non e(?:siste|xist)|n'existe pas",
            r"no existe|n[aã]o existe|inexistente|inexistant|unbekannt|existiert nicht|"
            r"niet gevonden",
            r"desconocid[oa]|desconhecid[oa]|destinatario (?:no|sconosciuto)|utilizador n|"
            r"inconnu",
            r"リストにありません|見つかりません|存在しません",
            r"не найден|не существует",
            r"不存在|没有找到",
            r"\b000c05a6\b|address rejected (?:<@>|$)|(?:^|[^\w])user_?unknown",
            r"to (?:address|user)[^.]{0,10}not found|recipient address rejected\.? *(?:$|\()",
        ),
    ),
    (
        Reason.REJECTED,
        _any(
            r"(?:sender|from|return[- ]path|mail from|originator|envelope)"
            r"[^.;]{0,60}(?:reject|refus|invalid|denied|not (?:exist|found|allowed|accept|"
            r"permitted|valid|verified)|does(?:n't| not)|unknown|blocked|blacklist|"
            r"forbidden|syntax)",
            r"(?:reject|refus|denied|block|not allow\w*)[^.;]{0,30}\b(?:sender|from address|"
            r"backscatter)",
            r"sending to/from an address that has been",
            r"not allowed to post|permission to post",
            r"(?:you (?:are|do) not|not) (?:have )?(?:permission|permitted|authori[sz]ed|"
            r"allowed) to (?:send|post|mail|submit|deliver)",
            r"mail from .* (?:refused|rejected)",
            r"members? only|restricted (?:to|address)|only accepts? (?:mail|messages) from",
        ),
    ),
    (
        Reason.SYNTAX_ERROR,
        _any(
            r"syntax error|bad sequence|improper sequence|command not (?:recogni[sz]ed|"
            r"implemented)|unrecogni[sz]ed command|nested mail command|need (?:mail|rcpt)|"
            r"command (?:unrecogni|reject)",
        ),
    ),
    (
        Reason.NETWORK_ERROR,
        _any(
            r"(?:too many|max(?:imum)?|exceeded)[^.]{0,20}\bhops?\b|hop count|"
            r"mail (?:forwarding )?loop|loops? back|routing loop|mail loop|\bloop detected",
            r"dns (?:lookup|query|error|fail|server|temporary)|name ?server|name (?:service|"
            r"server) error",
            r"(?:could(?:n't| not)|unable to|wasn't able to|can(?:'t|not)|fail\w* to)"
            r"[^.]{0,30}(?:connect|establish|resolve|look up|reach)",
            r"network (?:is )?(?:unreachable|error|problem)",
            r"no route to host|host unreachable|host is down|unreachable",
            r"malformed or unexpected name",
            r"connection (?:refused|reset|lost|dropped|was closed|failed|closed)|"
            r"lost connection",
            r"no connection could be made|broken pipe",
        ),
    ),
    (
        Reason.EXPIRED,
        _any(
            r"connection timed ?out|timed? ?-?out|timeout",
            r"(?:been )?in the queue (?:too|for)",
            r"retry (?:time|timeout|limit)|retries exhausted|delivery time expired|"
            r"queue ?expired",
            r"(?:message|envelope|mail)[^.]{0,20}expired|expired",
            r"(?:has been|is|was) delayed|\bdelayed\b",
            r"still undelivered|will (?:keep trying|be retried|retry)|"
            r"could not send (?:message )?for",
            r"not delivered within|cannot send message for|undelivered (?:for|after)|"
            r"deferred",
            r"host not reachable|not responding|no answer from|"
            r"unable to deliver this message after",
            r"delivery failed \d+ attempts|could not deliver for|giving up|delivery expired",
        ),
    ),
    (
        Reason.MAILER_ERROR,
        _any(
            r"(?:mailer|procmail|pipe|command)[^.]{0,30}(?:error|fail|died|exit)|\bx-unix\b|"
            r"local mailer",
            r"operating system error|child status|exit status|temporary failure",
        ),
    ),
    (
        Reason.SYSTEM_ERROR,
        _any(
            r"(?:system|server|internal|configuration|local|software|database|i/o|resource)"
            r"[^.]{0,20}(?:error|problem|fail|misconfig|unavailable)|service (?:currently |"
            r"temporarily )?unavailable|service (?:is )?(?:not|currently)|"
            r"try (?:again )?later|temporar\w+|ambiguous",
            r"loop(?:s|ing)? |several matches|cannot route|out of memory|aborted|ldap",
        ),
    ),
    (
        Reason.SUPPRESSED,
        _any(
            r"suppression list|previously (?:bounced|unsubscribed)",
        ),
    ),
    (
        Reason.FILTERED,
        _any(
            r"filter|refused by (?:the )?recipient|(?:rejected|refused) by (?:user|"
            r"recipient|owner)|user (?:rejected|refused|reject)|not accept(?:ing|"
            r"ed)? (?:mail|messages) from|because (?:the )?recipient|domain.{0,10}reject|"
            r"mailbox unavailable",
        ),
    ),
)
