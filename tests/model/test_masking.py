import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chatbot.model.masking import Masker

MASK = Masker()
VISA = "4111111111111111"
IBAN = "DE89370400440532013000"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # cards
        (f"my card is {VISA}.", "my card is [card]."),
        ("4111 1111 1111 1111", "[card]"),
        ("4111-1111-1111-1111, thanks", "[card], thanks"),
        ("4111\u00a01111\u00a01111\u00a01111", "[card]"),
        ("4111 \u2013 1111", "4111 \u2013 1111"),
        ("3782 822463 10005 (amex)", "[card] (amex)"),
        ("qty 12 4111 1111 1111 1111 exp 12", "qty 12 [card] exp 12"),
        (
            "\u0664\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661",
            "[card]",
        ),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("card4111111111111111card", "card[card]card"),
        ("0000 0000 0000 0000 0000", "[card]"),
        ("order 123456, 2 of 3", "order 123456, 2 of 3"),
        # account numbers
        (f"pay {IBAN} please", "pay [iban] please"),
        ("pay DE89 3704 0044 0532 0130 00 please do", "pay [iban] please do"),
        ("gb82-west-1234-5698-7654-32", "[iban]"),
        ("IBAN:GB82WEST12345698765432;", "IBAN:[iban];"),
        ("GB82 WEST 1234 5698 7654 33", "GB82 WEST 1234 5698 7654 33"),
        (f"{IBAN}X", f"{IBAN}X"),
        ("AB12 is a seat", "AB12 is a seat"),
        # addresses
        ("write to ana.b+x@mail.example.org.", "write to [email]."),
        ("<ana@example.com>", "<[email]>"),
        ("me@home", "me@home"),
        # telephones
        ("call +49 170 1234567 now", "call [phone] now"),
        ("0049/170/1234567", "[phone]"),
        ("(0170) 123 45 67", "[phone]"),
        ("(+49) 170 1234567", "[phone]"),
        ("tel 030-1234567", "tel [phone]"),
        ("555-123-4567", "[phone]"),
        ("on 01.02.2026 at 10:30", "on 01.02.2026 at 10:30"),
        ("01.02.2026 10.30", "01.02.2026 10.30"),
        ("01.02.2026 0170 1234567", "01.02.2026 [phone]"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05"),
        ("chat 0000Na9B00000001", "chat 0000Na9B00000001"),
        # nothing
        ("", ""),
        ("\ud800 \x00 hello", "\ud800 \x00 hello"),
    ],
)
def test_what_is_private_is_hidden_and_the_rest_stays(text: str, masked: str) -> None:
    assert MASK.text(text) == masked
    assert MASK.text(masked) == masked


@pytest.mark.parametrize("kind", ["cards", "ibans", "emails", "phones"])
def test_each_kind_can_be_turned_off(kind: str) -> None:
    texts = {"cards": VISA, "ibans": IBAN, "emails": "a@b.example", "phones": "+49 170 1234567"}
    mask = Masker.model_validate({kind: False})
    assert [name for name, text in texts.items() if mask.text(text) == text] == [kind]


def test_patterns_are_hidden_whatever_their_case() -> None:
    mask = Masker(patterns=(r"cust-\d+", "geheim"))
    assert mask.text("CUST-12 is GEHEIM") == "[masked] is [masked]"


@pytest.mark.parametrize("pattern", ["(", "a*", "", "x|"])
def test_a_pattern_that_is_none_or_finds_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="patterns"):
        Masker(patterns=(pattern,))


def test_values_are_hidden_however_deep_and_numbers_too() -> None:
    value: dict[str, Any] = {
        VISA: [VISA, {"n": int(VISA), "f": float(VISA)}, (IBAN,)],
        "fine": [1, 2.5, True, None, "x"],
    }
    assert MASK.value(value) == {
        VISA: ["[card]", {"n": "[card]", "f": "[card].0"}, ["[iban]"]],
        "fine": [1, 2.5, True, None, "x"],
    }


@given(st.text(max_size=300) | st.text("0123456789 -+().@aD", max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    MASK.text(text)


@given(st.text("0123456789", min_size=14, max_size=15), st.sampled_from(["", " ", "-", "."]))
def test_every_number_with_its_check_digit_is_hidden(digits: str, gap: str) -> None:
    """The check digit is found by another road than in the code."""
    doubled = [int(d) if n % 2 else sum(divmod(2 * int(d), 10)) for n, d in enumerate(digits[::-1])]
    card = f"{digits}{-sum(doubled) % 10}"
    written = gap.join(card[start : start + 4] for start in range(0, len(card), 4))
    assert Masker(phones=False).text(f"a {written} b") == "a [card] b"


@pytest.mark.parametrize("piece", ["1", "a", "1 ", "a@", "DE89", "DE89 ", "0", "+1", "(", "a.", "-1"])
def test_a_long_text_takes_time_in_proportion(piece: str) -> None:
    began = time.process_time()
    MASK.text(piece * (20_000 // len(piece)))
    assert time.process_time() - began < 5.0
