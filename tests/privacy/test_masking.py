import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.masking import SHOWN, mask


@pytest.mark.parametrize(
    ("tag", "value", "masked"),
    [
        ("phone", "15412341234", "154****1234"),
        ("idno", "16010119900101123X", "160101********123X"),
        ("account", "99000000001234", "9900***1234"),
        ("bankcard", "6200000000001234567", "6200***4567"),
        ("name", "张小三", "张*三"),
        ("name", "张三", "张*"),
        ("name", "张", "*"),
        ("name", "某某某有限公司", "某*****司"),
        ("ip", "10.1.2.3", "10.1.*.*"),
        ("ip", "2001:db8::1", "***"),
        ("imei", "350000001234567", "35000000***"),
        ("phone", "12345", "*****"),  # too short to show anything of it
        ("phone", "", ""),
        ("secret", "abcdefgh", "********"),  # a tag without a rule shows nothing
    ],
)
def test_masks(tag, value, masked):
    assert mask(tag, value) == masked


@given(st.sampled_from(sorted(SHOWN)), st.text("0123456789X", min_size=1, max_size=30))
def test_at_least_three_characters_or_everything_is_hidden(tag, value):
    shown = mask(tag, value).replace("*", "")
    assert len(shown) <= max(len(value) - 3, 0)
    assert "*" in mask(tag, value)
