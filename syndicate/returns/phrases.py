"""Phrases by which a mail is known for what it is: a failure, a delay, an answering machine, a goodbye.

All but ORIGINAL_BEGINS are matched against folded text (words.py).
"""

from __future__ import annotations

import re

from syndicate.returns.words import any_of

_TAG = r"\s*(?:\[[^\]]{1,30}\]|\*{2,}[^*]{1,20}\*{2,})?\s*"
_ANSWER = r"(?:re|aw|antw|antwort|sv|vs|odp|res|rif|ynt|回复|答复|返信)"
_FORWARD = r"(?:fwd?|wg|tr|rv|enc|doorst|vb|vl|i|转发|転送)"
_COUNT = r"\s*(?:\[\d{1,3}\])?\s*:\s*"

ANSWERED = any_of(rf"(?:{_TAG}{_ANSWER}{_COUNT}){{1,9}}")
"""The ways in which mail programs say "in answer to"."""
FORWARDED_OR_ANSWERED = any_of(rf"{_TAG}(?:{_ANSWER}|{_FORWARD}){_COUNT}")

FAILED = any_of(
    r"undeliver(?:ed|able)|non-?delivery|nondeliverable|not delivered|failure notice|permanent (?:fatal )?error",
    r"delivery (?:has )?fail(?:ed|ure)|delivery (?:error|problem|report)|delivery status notification",
    r"(?:could|can) ?not (?:be )?(?:deliver|sent)|couldn't be (?:delivered|sent)|not able to deliver|unable to deliver",
    r"wasn't able to deliver|returned mail|mail returned|returned to sender|failed (?:mail|delivery|recipient)",
    r"message (?:was )?not (?:sent|delivered)|mail (?:system )?error|rejected:",
    # German, French
    r"unzustellbar|nicht zustellbar|nicht zugestellt|zustellung (?:ist )?fehlgeschlagen|zustellfehler",
    r"non remis|pas pu être (?:remis|délivr|distribu)|non distribu"
    r"|échec (?:de )?(?:la )?(?:remise|distribution|livraison)",
    # Italian, Spanish, Portuguese
    r"mancat[oa] (?:recapito|consegna)|non recapitabile|impossibile (?:recapitare|consegnare)",
    r"no se (?:ha )?p(?:udo|odido) entregar|no entregado|devuelto|não (?:foi )?entregue",
    # Dutch, Swedish, Polish, Russian
    r"onbestelbaar|niet (?:worden )?(?:be|af)zorgd|kan inte levereras|niedoręcz",
    r"не (?:было )?доставлен|не удалось доставить",
    # Japanese, Chinese
    r"配信(?:でき|不能|失敗|エラー)|送信でき|届けられ|配達でき|エラーメール|退信|投递失败|无法(?:投递|送达)",
)
DELAYED = any_of(
    r"\bdelay(?:ed)?\b|not yet been delivered|still (?:trying|being retried)|warning: could not send",
    r"will (?:be retried|retry|keep trying|continue to be made)",
    r"verzoe?gert|verzoe?gerung|retardée?\b|différé|in ritardo|retrasado|vertraagd|遅延|遅れて|延迟",
)
AWAY = any_of(
    r"\s*auto(?:matic(?:ally)?|mated|mat)?[ -]?(?:reply|response|respond\w*|generated|answer)",
    r"\s*auto(?:reply|response)?\s*:|\s*autosvar|\s*automatisk",
    r"\s*out[ -]of[ -](?:the[ -])?(?:office|town)|\s*ooo\b|\s*away (?:from|until)|\s*i(?:'m| am) (?:away|on|out)\b",
    r"\s*on (?:vacation|holiday|leave)\b|\s*vacation\b|\s*holiday (?:reply|message|notice)",
    # German, French
    r"\s*abwesen|\s*automatische antwort|\s*nicht im bue?ro|\s*urlaub|\s*ich bin (?:im|nicht|bis)\b",
    r"\s*réponse automatique|\s*absence du bureau|\s*absent|\s*message d'absence|\s*en congés?\b",
    # Italian, Spanish, Portuguese
    r"\s*risposta automatica|\s*fuori (?:sede|ufficio)|\s*assente|\s*respuesta automática",
    r"\s*fuera de (?:la )?oficina|\s*ausen|\s*resposta automática|\s*fora do escrit",
    # Dutch, Swedish, Finnish, Polish, Czech, Hungarian, Russian
    r"\s*automatisch antwoord|\s*afwezig|\s*frånvaro|\s*poissa|\s*odpowiedź automatyczna|\s*automatická odpov",
    r"\s*automatikus válasz|\s*автоответ|\s*нет на работе",
    # Japanese, Chinese, Korean
    r"\s*自動(?:応答|返信|送信)|\s*不在|\s*休暇|\s*自动(?:回复|答复)|\s*자동|\s*부재",
)
"""The beginning of a subject that an answering machine wrote."""

GOODBYE = any_of(
    r"(?:please )?(?:unsubscribe|remove)(?: me)?(?: please)?|abmelden|abmeldung|abbestellen",
    r"désabonner|désabonnement|désinscription|se désinscrire|darse de baja|baja|cancelar suscripción",
    r"disiscrizione|disiscrivimi|cancellami|uitschrijven|afmelden|afmelding|cancelar inscrição",
)
"""A whole subject that asks to leave, without a token."""

ORIGINAL_BEGINS = re.compile(
    r"^(?=[-=*_ \t]{2}).{2,80}?(?:copy of (?:the|your)|original[- ]?(?:message|mail|nachricht)"
    r"|returned (?:message|mail)"
    r"|unsent message|(?:message|mail)(?: \w+)? (?:header|text)s?|headers? follow|forwarded message|nachricht"
    r"|message d'origine|mensaje original|元のメッセージ).{0,80}$\n?"
    r"|^(?:(?:the )?original message(?: headers?)? follows?|message headers follow|original message details"
    r"|included is a copy|old message|begin forwarded message|message text follows|元のメッセージ|原始邮件).{0,60}$\n?"
    r"|^(?=Received: (?:from|by) )|^(?=Return-Path: ?<)",
    re.IGNORECASE | re.MULTILINE,
)
"""Where a bounce stops speaking and the letter begins."""
