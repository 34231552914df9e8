"""The SMTP channel: letters handed to a relay, each with the truth about where it stands (RFC 5321, 4954, 3207).

replies.py   what a reply means at a step of the transaction: a pure decision
connect.py   a relay reached, encrypted and logged in to, or the error that says why not
wire.py      one connection: a letter's steps, and where the line was when it broke
channel.py   letters in, outcomes out; connects again within limits
"""

from syndicate.channels.smtp.channel import SmtpChannel
from syndicate.channels.smtp.connect import Relay, Security

__all__ = ["Relay", "Security", "SmtpChannel"]
