"""Finds secrets and personal data in a text. Values are never repeated whole, as reports are passed on.

Secrets are found by detect-secrets (Yelp), which knows the tokens of two dozen services; it is the extra `audit`,
because it brings an HTTP client that nothing else here needs. It only looks: nothing is sent anywhere. Personal data
is what has a form that can be checked (addresses of mail, bank accounts and cards with their check digits); the
libraries that also find names load a language model and find one in every second variable.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

# Detectors of tokens with a form of their own. Left out: those that go by entropy or by a word such as "password"
# beside a string, because a teaching program is full of both.
_DETECTORS = (
    "aws.AWSKeyDetector", "azure_storage_key.AzureStorageKeyDetector", "basic_auth.BasicAuthDetector",
    "discord.DiscordBotTokenDetector", "github_token.GitHubTokenDetector", "gitlab_token.GitLabTokenDetector",
    "jwt.JwtTokenDetector", "mailchimp.MailchimpDetector", "npm.NpmDetector", "openai.OpenAIDetector",
    "private_key.PrivateKeyDetector", "pypi_token.PypiTokenDetector", "sendgrid.SendGridDetector",
    "slack.SlackDetector", "square_oauth.SquareOAuthDetector", "stripe.StripeDetector",
    "telegram_token.TelegramBotTokenDetector", "twilio.TwilioKeyDetector",
)  # fmt: skip

# A line without any of these holds no token that the detectors know; looking first saves most of the time.
_WORTH_A_LOOK = re.compile(r"[\w+/=.:-]{20,}|PRIVATE KEY|://[^\s/]*@")

_MAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[a-zA-Z]{2,24}\b")
_LOGIN = re.compile(r"://[^\s/@]*@")  # user and password before a host: a secret, and no mail address
_NOBODYS_MAIL = re.compile(r"@(?:.*\.)?(?:example\.\w+|\w+\.(?:test|example|invalid|localhost))$", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|3[47]\d{2}|6011)(?:[ -]?\d{4}){2}[ -]?\d{3,4}\b")
# Numbers that card companies and the standard print as samples: everybody's, so nobody's.
_SAMPLES = frozenset({"4111111111111111", "5555555555554444", "4242424242424242", "378282246310005",
                      "DE89370400440532013000", "GB82WEST12345698765432", "GB29NWBK60161331926819"})  # fmt: skip


def secrets_are_looked_for() -> bool:
    """True if detect-secrets is installed."""
    return bool(_detectors())


def secrets(text: str) -> Iterator[str]:
    """What secrets the text holds, in words, each with its first characters; nothing without detect-secrets."""
    lines = [piece for line in text.splitlines() if _WORTH_A_LOOK.search(line) for piece in _pieces(line)]
    told = set()
    for kind, detect in _detectors() if lines else ():
        for line in lines:
            for secret in detect(line):
                if (kind, secret) not in told:
                    told.add((kind, secret))
                    yield f"{kind}: {_masked(secret)}"


def _pieces(line: str) -> Iterator[str]:
    """A long line in overlapping pieces: some detectors take time that grows with the square of the line."""
    yield from (line[start : start + 2200] for start in range(0, len(line), 2000))


def personal(text: str) -> Iterator[str]:
    """What personal data the text holds, in words, each with its first characters."""
    if "@" in text:
        addresses = dict.fromkeys(_MAIL.findall(_LOGIN.sub(" ", text)))
        yield from (f"mail address {_masked(m)}" for m in addresses if not _NOBODYS_MAIL.search(m))
    for match in _IBAN.finditer(text):
        number = match[0].replace(" ", "")
        if number not in _SAMPLES and _iban_is_right(number):
            yield f"bank account {_masked(number)}"
    for match in _CARD.finditer(_IBAN.sub(" ", text)):
        number = re.sub(r"\D", "", match[0])
        if number not in _SAMPLES and _card_is_right(number):
            yield f"card number {_masked(number)}"


@cache
def _detectors() -> list[tuple[str, Callable[[str], Iterator[str]]]]:
    from importlib import import_module, util

    if util.find_spec("detect_secrets") is None:
        return []
    made = []
    for name in _DETECTORS:
        module, kind = name.split(".")  # 0.4 s for all; only an audit pays it
        made.append(getattr(import_module(f"detect_secrets.plugins.{module}"), kind)())
    return [(detector.secret_type, detector.analyze_string) for detector in made]


def _masked(value: str) -> str:
    return value[:4] + "..."


def _iban_is_right(number: str) -> bool:
    """ISO 13616: letters as 10 to 35, the first four characters last, the remainder by 97 is 1."""
    digits = "".join(str(int(character, 36)) for character in number[4:] + number[:4])
    return 15 <= len(number) <= 34 and int(digits) % 97 == 1


def _card_is_right(number: str) -> bool:
    """Luhn's check: every second digit from the right doubled, the sum of all digits divisible by ten."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(number))]
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0
