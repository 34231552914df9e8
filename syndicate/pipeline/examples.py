"""A draft as a reader would get it: filled for the eye, as a whole letter, or sent to one address as a test."""

from __future__ import annotations

from syndicate.app import App
from syndicate.audience.addresses import parse_address
from syndicate.compose.letter import fill
from syndicate.compose.model import RenderedEmail
from syndicate.delivery.model import DeliveryKey, Letter, Sent
from syndicate.errors import ChannelError, ConfigError
from syndicate.pipeline.draft import SLOT, Draft, ways_out
from syndicate.pipeline.press import Press


def filled(app: App, email: RenderedEmail) -> RenderedEmail:
    """Return an issue as its readers see it: with the ways out of this installation in their places."""
    return fill(email, tuple(way.replace(SLOT, "example") for way in ways_out(app.config)))


def example_letter(app: App, made: Draft, address: str = "reader@example.org") -> Letter:
    """Return the whole letter of a draft, addressed to an example reader. Raises ConfigError without mail."""
    mail = app.config.mail
    if mail is None:
        raise ConfigError("config.yaml has no mail", hint="add mail.from and mail.relay, or mail.outbox")
    press = Press(
        app,
        mail,
        made.email,
        ways_out=tuple(way.url for way in made.masthead.ways_out),
        lists=app.config.digests[made.digest].lists,
        issue_key=f"draft:{made.digest}:{app.clock.now().isoformat()}",
    )
    lists = app.config.digests[made.digest].lists
    own = next((name for name in lists if app.config.lists[name].address is None), made.digest)
    return press.letter(DeliveryKey(0), address=address, name="", list_name=own, date=app.clock.now())


def send_test(app: App, made: Draft, address: str) -> str:
    """Send a draft to one address, outside the ledger; return what the channel said.

    Raises ChannelError where it was not taken: a test that did not arrive must not look like one that did.
    """
    if app.paused():
        raise ConfigError("nothing leaves while syndicate is paused", hint="syndicate resume")
    letter = example_letter(app, made, parse_address(address))
    for _, outcome in app.mail_channel().send([letter]):
        if isinstance(outcome, Sent):
            return outcome.reply
        raise ChannelError(f"the test letter was not taken: {outcome.reason}", where=address)
    raise ChannelError("the test letter had no answer", where=address)
