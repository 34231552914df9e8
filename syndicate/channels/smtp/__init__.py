"""The SMTP channel: letters handed to a relay, each with the truth about where it stands (RFC 5321, 2920, 4954, 3207).

replies.py   what a reply means at a step of the transaction: a pure decision
texts.py     a letter in the words of SMTP: its commands, its text with the dots stuffed; or why it cannot go
dialogue.py  one connection's conversation, pipelined or step by step, without the connection: pure
connect.py   a relay reached, encrypted and logged in to, or the error that says why not
wire.py      a dialogue on its socket, and how long an answer may take
pool.py      the loop that holds the connections, pulls the letters and waits for all at once
channel.py   letters in, outcomes out
"""

from syndicate.channels.smtp.channel import SmtpChannel
from syndicate.channels.smtp.connect import Relay, Security

__all__ = ["Relay", "Security", "SmtpChannel"]
