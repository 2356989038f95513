"""How identifiers look to people who may not see them whole."""

STARS = "*"
# tag -> how many characters stay at the front and at the end
SHOWN = {
    "phone": (3, 4),
    "idno": (6, 4),
    "account": (4, 4),
    "bankcard": (4, 4),
    "imsi": (5, 4),
    "imei": (8, 0),
    "device": (0, 4),
    "customer": (0, 4),
    "owner": (0, 4),
    "operator": (0, 4),
}


def mask(tag: str, value: str) -> str:
    """The masked form of a clear value; a tag without a rule, or a value too short for it, shows nothing.

    phone 154****1234, idno 160101********123X, account 9900***1234, name 张*三 or 张*, ip 10.1.*.*
    """
    value = value.strip()
    if tag == "name":
        return _name(value)
    if tag == "ip":
        return _address(value)
    front, end = SHOWN.get(tag, (0, 0))
    hidden = len(value) - front - end
    if hidden < 3 or tag not in SHOWN:
        return STARS * len(value)
    # The length of an account or a card number tells nothing, so three stars do.
    stars = hidden if tag in ("phone", "idno") else 3
    return value[:front] + STARS * stars + value[len(value) - end :]


def _name(value: str) -> str:
    if len(value) <= 1:
        return STARS * len(value)
    return value[0] + STARS if len(value) == 2 else value[0] + STARS * (len(value) - 2) + value[-1]


def _address(value: str) -> str:
    parts = value.split(".")
    return ".".join([*parts[:2], STARS, STARS]) if len(parts) == 4 else STARS * 3
