"""Names of people, companies and streets that nobody bears."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.arrow import number, pick
from demo.rng import fold

SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国文斌宇浩然子轩梓涵欣怡思远志鹏佳琪雨桐晨曦俊熙诗琪嘉豪天佑"
    "博学雅婷晓东海燕春生德福永康瑞雪立新家明少华长青乐山云飞若曦可心一鸣安宁书航锦程沐阳清扬宛如采薇景行怀瑾致远望舒知秋"
)
_GOODS = (
    "便利店",
    "餐饮店",
    "超市",
    "服装店",
    "药房",
    "水果店",
    "五金店",
    "理发店",
    "面馆",
    "书店",
    "加油站",
    "网店",
)
_TRADES = ("商贸", "科技", "建材", "物流", "食品", "电子", "服饰", "咨询", "装饰", "农业", "人力资源", "传媒")
BANKS = ("岚州银行", "汐原银行", "砚川银行", "云屿农商银行", "远汀银行")
HOME_BANK = "云屿银行"
PLACE_WORDS = ("松", "石", "清", "平", "龙", "月", "沙", "北", "南", "东", "西", "青", "白", "红", "金", "银")
PLACE_ENDS = ("汀", "屿", "岙", "浦", "湾", "岭", "川", "溪")
ROADS = ("望海", "听松", "临江", "观澜", "栖霞", "朝晖", "踏雪", "归雁", "问渠", "采石", "远帆", "星河")


def people(key: np.ndarray) -> pa.Array:
    """A name per 64-bit key: surname and one or two characters."""
    h = fold(key, salt=21)
    surname = pick(list(SURNAMES), (h % np.uint64(len(SURNAMES))).astype(int))
    first = pick(list(GIVEN), ((h >> np.uint64(12)) % np.uint64(len(GIVEN))).astype(int))
    second_at = ((h >> np.uint64(24)) % np.uint64(len(GIVEN) + len(GIVEN) // 3)).astype(int)
    second = pick([*GIVEN, ""], np.minimum(second_at, len(GIVEN)))
    return pc.binary_join_element_wise(surname, first, second, "")


def companies(key: np.ndarray) -> pa.Array:
    """A company name per key; the place in it does not exist."""
    h = fold(key, salt=22)
    first = pick(list(GIVEN), (h % np.uint64(len(GIVEN))).astype(int))
    second = pick(list(GIVEN), ((h >> np.uint64(12)) % np.uint64(len(GIVEN))).astype(int))
    trade = pick(_TRADES, ((h >> np.uint64(24)) % np.uint64(len(_TRADES))).astype(int))
    return pc.binary_join_element_wise("云屿市", first, second, trade, "有限公司", "")


def trades(key: np.ndarray) -> pa.Array:
    """The industry that goes with `companies(key)`."""
    return pick(_TRADES, ((fold(key, salt=22) >> np.uint64(24)) % np.uint64(len(_TRADES))).astype(int))


def merchants(key: np.ndarray) -> pa.Array:
    """A shop name per key."""
    h = fold(key, salt=23)
    first = pick(list(GIVEN), (h % np.uint64(len(GIVEN))).astype(int))
    second = pick(list(GIVEN), ((h >> np.uint64(12)) % np.uint64(len(GIVEN))).astype(int))
    goods = pick(_GOODS, ((h >> np.uint64(24)) % np.uint64(len(_GOODS))).astype(int))
    return pc.binary_join_element_wise("云屿市", first, second, goods, "")


def addresses(key: np.ndarray, county_names: pa.Array, county: np.ndarray) -> pa.Array:
    """A street address per key in the given county."""
    h = fold(key, salt=24)
    road = pick(ROADS, (h % np.uint64(len(ROADS))).astype(int))
    house = number(((h >> np.uint64(8)) % np.uint64(900)).astype(int) + 1, 3)
    room = number(((h >> np.uint64(20)) % np.uint64(2900)).astype(int) + 101, 4)
    place = pick(county_names, county)
    return pc.binary_join_element_wise("云屿省", place, road, "路", house, "号", room, "室", "")


def county_names(count: int) -> pa.Array:
    """Names of counties, in a fixed order."""
    words = [a + b for b in PLACE_ENDS for a in PLACE_WORDS]
    return pa.array([f"云屿市{words[i]}{'区' if i % 5 == 0 else '县'}" for i in range(count)])


def banks(key: np.ndarray) -> pa.Array:
    """The bank at which an outside partner has the account."""
    return pick(BANKS, (fold(key, salt=25) % np.uint64(len(BANKS))).astype(int))
