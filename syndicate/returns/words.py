"""What servers write, as patterns: no such reader, not now, not from you. In the languages that come back to us.

Each pattern says one thing only, in words that mean nothing else there. They are matched against `fold`ed text, so
they are written once, with or without accents. Addresses, and the name of the host that speaks, are taken out before
(status.py): "host spamfilter.example said: user unknown" says nothing of spam.
"""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = dict.fromkeys(range(0x300, 0x370))


def fold(text: str) -> str:
    """Return text without accents and in one width: "Boîte pleine：" → "Boite pleine:". Kana keep their marks."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text).translate(_ACCENTS))


def any_of(*patterns: str) -> re.Pattern[str]:
    """Return one pattern for several, blind to case, to be used on folded text."""
    return re.compile("|".join(f"(?:{fold(each)})" for each in patterns), re.IGNORECASE)


_READER = r"(?:user|recipient|mailbox|account|addressee|(?:e-?mail |recipient )?address|e-?mail account|login|alias)"
_NAMED = r"(?: \S+)?"
_WAS = r"(?: (?:has|have|had|was|were|is|are|you|that|the|to|tried|reach|specified|here)){0,8}"
_CLOSED = r"(?:disabled|deactivated|deleted|closed|inactive)"

GONE = any_of(
    rf"(?:unknown|invalid|no such|non-?exist[ae]nt|bad|no) (?:local |destination |virtual |mail )?{_READER}\b(?! list)",
    rf"\b{_READER}s?{_NAMED}{_WAS} (?:un ?known|not (?:be )?found|invalid|non-?existent|no longer (?:valid|available))",
    rf"\b{_READER}{_NAMED} (?:does ?n[o']t|do not|doesn't) exist",
    r"does(?: not|n't) have an? (?:\S+ )?account",
    r"delivery error: dd\b",
    r"recip(?:ient)?\.?not\.?found|unroute?able address",
    r"no (?:mailbox|one|user|account) (?:here )?by that name|no such (?:person|address|name|domain)",
    r"not? (?:a )?(?:known|valid) (?:user|recipient|mailbox|address)",
    r"not listed in|not our customer|there is no (?:such )?(?:user|mailbox|account)",
    r"this (?:account|mailbox|user|(?:e-?mail )?address) (?:has been|is|was) "
    r"(?:disabled|deactivated|deleted|closed|terminated|removed|inactive|discontinued|expired|no longer)",
    rf"\b{_READER}{_NAMED} (?:has been |is |was |currently )?{_CLOSED}",
    rf"{_CLOSED} {_READER}",
    rf"(?:account|mailbox|user){_NAMED} (?:is|has been|was) (?:blocked|suspended)",
    # German
    rf"(?:benutzer|empfae?nger|adressat|postfach|(?:mail)?adresse)\S*{_NAMED} (?:ist )?"
    r"(?:un ?bekannt|nicht (?:bekannt|vorhanden|gefunden|gue?ltig)|ungue?ltig)",
    r"unbekannte[rs]? (?:benutzer|empfae?nger|adresse)",
    rf"(?:adresse|postfach|konto|empfae?nger)\S*{_NAMED} existiert nicht",
    # French, Italian, Spanish, Portuguese
    r"(?:utilisateur|destinataire|adresse|boîte|compte)(?: \S+){0,3} "
    r"(?:inconnue?|inexistante?|invalide|n'existe (?:pas|plus))",
    rf"(?:utente|destinatario|indirizzo|casella){_NAMED} (?:sconosciut[oa]|inesistente|non esiste|non valid[oa])",
    rf"(?:usuario|destinatario|dirección|buzón|cuenta){_NAMED} (?:desconocid[oa]|inexistente|no existe|no válid[oa])",
    rf"(?:usuário|destinatário|conta){_NAMED} (?:desconhecid[oa]|não existe|inexistente)",
    # Dutch, Polish, Russian
    rf"(?:gebruiker|geadresseerde|postvak){_NAMED} (?:onbekend|bestaat niet)|onbekende (?:gebruiker|ontvanger)",
    r"nieznany (?:użytkownik|odbiorca)|nie ma takiego",
    rf"(?:пользователь|адрес|ящик)\S*{_NAMED} не (?:существует|найден)",
    # Japanese, Chinese
    r"宛先不明|宛先が(?:見つかり|存在し)ません",
    r"(?:アドレス|ユーザー?|宛先|アカウント)[がは](?:見つかり|存在し|有効では?あり)ません",
    r"(?:用户|收件人|邮箱|帐户|账户)(?:地址)?(?:不存在|未找到)",
)
"""There is no such reader, or none any more."""

MAILBOX_UNAVAILABLE = any_of(r"mailbox (?:is )?(?:unavailable|not available)")
"""RFC 5321's own words for 550, which may mean anything; in Microsoft's 5.5.0 and alone they mean no such reader."""

RECIPIENT_REJECTED = any_of(r"(?:recipient|user|mailbox)(?: address)? (?:rejected|denied|refused)", r"address rejected")
"""With 5.4.1, Microsoft's way to say that there is no such reader."""

NOT_NOW = any_of(
    r"quota|full mailbox|is full\b|mailfolder is full",
    r"(?:mail|in)?box(?:es)?(?: \S+)?(?: is| was| are)? (?:\S+ )?full\b",
    r"(?:not enough|insufficient|out of|exceeded|no) (?:\S+ )?(?:storage|disk|space)",
    r"storage (?:limit|allocation)|exceeded (?:\S+ ){0,3}(?:storage|mailbox|size)|too much mail",
    r"receiving mail (?:too quickly|at a rate)",
    r"tempor(?:ary|arily)|try again|retry time|grey-?list|timed? ?out|expired|too old",
    r"connection (?:refused|reset|lost)",
    # German, French, Italian, Spanish, Portuguese, Dutch, Polish
    r"postfach(?: \S+)?(?: ist)? (?:voll|ue?berfue?llt)|speicherplatz|kontingent|ue?berschritten",
    r"boîte (?:\S+ ){0,3}pleine|casella (?:\S+ )?piena|buzón (?:\S+ ){0,2}lleno|caixa (?:\S+ ){0,3}cheia",
    r"(?:postvak|mailbox) (?:\S+ )?vol\b|skrzynka (?:\S+ )?(?:pełna|zapełniona)|переполнен",
    # Japanese, Chinese
    r"容量|(?:メールボックス|受信箱)が?(?:いっぱい|満杯|一杯)|(?:邮箱|空间)(?:已)?满",
)
"""A full mailbox, a server in trouble, patience that ended."""

NOT_FROM_YOU = any_of(
    # What is sent
    r"\bspam\b|spam(?:ming|my|score)|unsolicited|\bUBE\b|\bUCE\b|junk|phish|virus|malware|\bbulk (?:e-?)?mail",
    r"content (?:rejected|filter|not accepted)|message (?:content )?(?:rejected|refused)|filtered",
    # From where
    r"\bblock(?:ed|ing|list\w*|\b)|black ?list\w*|\bRBL\b|DNSBL|SURBL|listed (?:in|at|on|by)|banned",
    r"reputation|deny ?list",
    r"spamhaus|spamcop|barracudacentral",
    r"sorbs\.net|uceprotect|mailspike|abuseat|cloudmark|senderscore|sender ?base",
    r"\bPTR\b|reverse (?:dns|hostname|lookup)|\brdns\b|does not resolve|cannot find your (?:reverse )?hostname",
    r"dynamic ip|client host rejected|helo command rejected|poor sender",
    # By whom
    r"\bDMARC\b|\bSPF\b|\bDKIM\b|unauthenticated|not authenticated",
    r"authentication (?:level|required|checks?|failed|information)",
    r"sender (?:address )?(?:\S+ )?(?:rejected|denied|refused|not allowed|verify failed)|not allowed to send",
    r"sending (?:domain|ip|mta)",
    # How much
    r"rate ?-?limit\w*|too many (?:messages|mails|e-?mails|connections|recipients|errors|invalid)|throttl\w+",
    r"unusual (?:rate|volume)|unexpected volume|complaints?\b|\bTSS?\d\d\b",
    # By rule
    r"policy|relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed))|unable to relay|not permitted to relay",
    r"access denied|not authori[sz]ed|administrative(?:ly)? (?:prohibit\w*|denied)|restricted|access restriction",
    # In other languages
    r"abgelehnt|abgewiesen|gesperrt|richtlinie|blockiert",
    r"bloqué|indésirable|rejeté|bloccat[oa]|bloquead[oa]|rechazad[oa]",
    r"迷惑メール|受信拒否|拒否され|拒绝|垃圾邮件|спам|заблокирован",
)
"""The receiver does not like who sends, from where, what, or how much."""
