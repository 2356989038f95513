"""What somebody wants to do with money: the rows from which the ledger books legs."""

from collections.abc import Iterable

import numpy as np

from demo.rng import fold

CHANNELS = ("柜面", "网银", "手机银行", "微信银行", "ATM", "POS", "快捷支付", "代发", "批量")
SUMMARIES = ("工资", "转账", "消费", "取现", "存现", "还款", "结息", "费用", "退款", "理财申赎", "代付")
COUNTER, EBANK, MOBILE, WECHAT, ATM, POS, QUICK, PAYROLL, BATCH = range(9)
SALARY, TRANSFER, PURCHASE, CASH_OUT, CASH_IN, REPAY, INTEREST, FEE, REFUND, FUND, PAYOUT = range(11)
PERSON, MERCHANT, COMPANY, OWN = range(4)  # what an outside partner is

# `at` microseconds since 1970; `account` our account that the row is about; `sign` +1 money comes in,
# -1 goes out; `partner` our account (>= 0), an outside one (< 0) or NO_PARTNER; `device` a device key
# (0 = the customer's own); `event` position of an illicit event or -1; `reverses` the transaction it undoes
# (0 = none); `key` orders equal moments.
FIELDS = {
    "at": np.int64,
    "account": np.int64,
    "sign": np.int64,
    "fen": np.int64,
    "partner": np.int64,
    "channel": np.int64,
    "summary": np.int64,
    "device": np.int64,
    "event": np.int64,
    "reverses": np.uint64,
    "key": np.uint64,
}
NO_PARTNER = np.iinfo(np.int64).min
Intents = dict[str, np.ndarray]


def intents(
    at: np.ndarray,
    account: np.ndarray,
    sign: int | np.ndarray,
    fen: np.ndarray,
    partner: np.ndarray | int,
    channel: int | np.ndarray,
    summary: int | np.ndarray,
    salt: int,
    device: np.ndarray | int = 0,
    event: np.ndarray | int = -1,
    reverses: np.ndarray | int = 0,
) -> Intents:
    """Build intents; the tie-break key is a hash of what the row says (and its rank among equals)."""
    count = len(at)
    values = (at, account, sign, fen, partner, channel, summary, device, event, reverses)
    rows = {
        name: np.broadcast_to(np.asarray(value, dtype), (count,)).copy()
        for (name, dtype), value in zip(FIELDS.items(), values, strict=False)
    }
    rows["at"] -= rows["at"] % 1_000_000  # whole seconds, whoever made the row
    rows["key"] = fold(rows["at"], rows["account"], rows["fen"], np.arange(count), salt=salt)
    return rows


def join(parts: Iterable[Intents]) -> Intents:
    """Stack intents."""
    parts = list(parts)
    return {
        name: np.concatenate([p[name] for p in parts]) if parts else np.empty(0, dtype)
        for name, dtype in FIELDS.items()
    }


def select(rows: Intents, where: np.ndarray) -> Intents:
    """Rows by mask or position."""
    return {name: column[where] for name, column in rows.items()}


def outside(key: np.ndarray, kind: int | np.ndarray = PERSON) -> np.ndarray:
    """Encode an outside partner: a 58-bit hash and its kind, as a negative number."""
    body = (np.asarray(key).astype(np.uint64) & np.uint64((1 << 58) - 1)).astype(np.int64)
    return -1 - (body | (np.asarray(kind, np.int64) << 58))


def outside_key(partner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(key, kind) of encoded outside partners."""
    value = -1 - partner
    return value & ((1 << 58) - 1), value >> 58
