"""The press: a reader's letter is all that it says of itself, whoever the reader is."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from syndicate.audience.tokens import Purpose, proves, proves_verp, read_verp_token, read_web_token
from syndicate.channels.smtp.texts import stuffed
from syndicate.compose.letter import way_out_mark
from syndicate.compose.model import RenderedEmail
from syndicate.config import Mail
from syndicate.delivery.model import DeliveryKey
from syndicate.pipeline.press import Press
from tests.pipeline.studio import FRIDAY, Studio

MAIL = Mail.model_validate(
    {"from": "The Lantern <news@lantern.example>", "return_path": "b+{token}@lantern.example", "outbox": "out/"}
)
WAYS_OUT = ("https://news.lantern.example/leave/{token}", "mailto:leave@lantern.example?subject=unsubscribe%20{token}")
BODY = f"..\n.{way_out_mark(0)}.\n.{way_out_mark(1)}\n."
EMAIL = RenderedEmail(subject="Number 34", preheader="", html=BODY, text=BODY)
LOCALS = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}(\.[A-Za-z0-9]{1,9})?", fullmatch=True)
ADDRESSES = st.builds("{}@{}.test".format, LOCALS, st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True))
LISTS = st.lists(st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,9})?", fullmatch=True), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=ADDRESSES, name=st.text(max_size=40), lists=LISTS, subscriber=st.integers(1, 2**40))
@example(address="ada@mail.test", name="Ада", lists=["a-list-with-a-name-of-forty-characters-"] * 6, subscriber=7)
def test_any_readers_letter_is_settled_and_its_tokens_prove(
    lantern: Studio, address: str, name: str, lists: list[str], subscriber: int
) -> None:
    press = Press(lantern.app, MAIL, EMAIL, ways_out=WAYS_OUT, lists=tuple(lists), issue_key="weekly:34")
    name = name.encode(errors="ignore").decode()
    letter = press.letter(
        DeliveryKey(9), address=address, name=name, list_name=lists[0], date=FRIDAY, subscriber=subscriber
    )
    assert letter.is_settled
    assert letter.content.isascii()
    assert stuffed(letter.content) == letter.content
    message = message_from_bytes(letter.content, policy=default)
    page, mail = (way.strip(" <>") for way in message["List-Unsubscribe"].split(","))
    claim = read_web_token(Purpose.READER, page.rpartition("/")[2])
    verp = read_verp_token(letter.sender.partition("+")[2].partition("@")[0])
    assert claim is not None
    assert verp is not None
    assert proves(lantern.app.keyring, claim, address)
    assert proves_verp(lantern.app.keyring, verp, address)
    assert (claim.subscriber, claim.lists) == (subscriber, tuple(lists))
    parts = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
    assert parts == [f"..\n.{page}.\n.{mail}\n."] * 2


def test_a_way_out_that_is_the_same_for_all_stands_as_config_has_it(lantern: Studio) -> None:
    body = f"{way_out_mark(0)}\n"
    email = RenderedEmail(subject="Number 34", preheader="", html=body, text=body)
    way = "mailto:leave@lantern.example?subject=unsubscribe"
    press = Press(lantern.app, MAIL, email, ways_out=(way,), lists=("readers",), issue_key="weekly:34")
    letter = press.letter(DeliveryKey(9), address="a@b.test", name="", list_name="readers", date=FRIDAY, subscriber=1)
    assert f"List-Unsubscribe: <{way}>\r\n".encode() in letter.content
