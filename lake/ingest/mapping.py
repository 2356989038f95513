"""From the columns of a file to the columns of the mart, by the rules of the mapping.

A value that does not parse makes its row broken: the reason names the column and shows the *shape* of the value
(digits as 9, letters as a), never the value itself, because a shifted line may hold an identifier anywhere.
"""

import re
from collections.abc import Sequence
from string import Formatter
from typing import TYPE_CHECKING

from conf.errors import UsageError
from conf.settings import Settings
from conf.sources import EPOCHS, ColumnRule, Feed, Source
from data_contracts.contract import ColumnContract, Contract
from data_contracts.rules import LINEAGE
from lake.ingest.checks import carries
from lake.ingest.reading import PLACE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Texts = dict[str, "Column"]  # columns of the file as text
SHOWN = 24  # characters of a value's shape in a reason
VARIES = "|"  # a contract that allows several tags leaves it to the row which one it is
DERIVED = {*LINEAGE, "event_date"} - {"received_at"}
UNITS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
TAGGED = "{column}__{tag}"  # a column whose tag depends on the row is split until it is pseudonymised


def mapped(
    raw: "DataFrame", source: Source, feed: Feed, contract: Contract, settings: Settings
) -> "DataFrame":
    """Rows of the mart in clear, one per row of `raw`.

    Columns of the contract except known_as_of and is_late, which need the verdict; then `_problems`
    (array<string>, empty when every value could be read), `_row` (fingerprint of what was read) and the columns
    that say where the row stands. Identifiers whose tag depends on the row are in columns `<name>__<tag>`.
    UsageError when the mapping does not fit the contract.
    """
    from pyspark.sql import functions as F

    fit(source, feed, contract)
    kinds = {field.name: field.dataType.typeName() for field in raw.schema.fields}
    texts = {
        name: F.col(name) if kinds[name] == "string" else F.col(name).cast("string")
        for name in feed.source_columns
    }
    zone = source.timezone if source.timezone not in (None, settings.timezone) else None
    values, problems = {}, []
    for column in contract.columns:
        rule = feed.columns.get(column.name)
        if rule is None:
            values[column.name] = F.lit(None).cast(column.spark_type)
            continue
        value, problem = _value(
            rule, column, texts, None if kinds.get(str(rule.source)) == "timestamp" else zone
        )
        values[column.name] = value
        problems.append(problem)
        if rule.tag_by:
            is_known = F.coalesce(texts[rule.tag_by].isin(*rule.tags), F.lit(False))
            problems.append(
                F.when(~is_known, f"{column.name}: {rule.tag_by} does not say what it identifies")
            )
    if "event_date" in values:
        values["event_date"] = values["happened_at"].cast("date")
    if "received_at" not in feed.columns:
        values["received_at"] = F.col("_delivered_at")
    values |= {"source": F.lit(source.name), "source_file": F.col("_file"), "source_line": F.col("_line")}
    readable = F.col("_broken").isNull()
    # Columns of a line that could not be cut into its fields mean nothing; one reason says it.
    # Most rows are fine: asking first spares them the array.
    wrong = (
        F.when(~readable, F.array("_broken"))
        .when(
            F.coalesce(*problems).isNotNull(), F.filter(F.array(*problems), lambda reason: reason.isNotNull())
        )
        .otherwise(F.array().cast("array<string>"))
    )
    row = F.hex(F.xxhash64(*[F.col(name).cast("string") for name in feed.source_columns]))
    columns = [value.alias(name) for name, value in values.items() if name not in ("known_as_of", "is_late")]
    columns += _split_by_tag(feed, values, texts)
    return _cleaned(raw, feed, kinds).select(*columns, wrong.alias("_problems"), row.alias("_row"), *PLACE)


def tags(feeds: Sequence[Feed], contract: Contract) -> dict[str, str]:
    """Columns to pseudonymise with their tags, those of `_split_by_tag` included."""
    found = {name: tag for name, tag in contract.pseudonyms.items() if VARIES not in tag}
    for feed in feeds:
        for name, rule in feed.columns.items():
            if rule.tag:
                found[TAGGED.format(column=name, tag=rule.tag)] = rule.tag
            for tag in rule.tags.values():
                found[TAGGED.format(column=name, tag=tag)] = tag
    return found


def _split_by_tag(feed: Feed, values: Texts, texts: Texts) -> list["Column"]:
    from pyspark.sql import functions as F

    split = []
    for name, rule in feed.columns.items():
        if rule.tag:
            split.append(values[name].alias(TAGGED.format(column=name, tag=rule.tag)))
        for tag in dict.fromkeys(rule.tags.values()):
            words = [word for word, its_tag in rule.tags.items() if its_tag == tag]
            own = F.when(texts[str(rule.tag_by)].isin(*words), values[name])
            split.append(own.alias(TAGGED.format(column=name, tag=tag)))
    return split


def fit(source: Source, feed: Feed, contract: Contract) -> None:
    """Raise UsageError, naming feed and column, when a mapping does not fit the table that it fills."""
    where = f"{source.name}: {feed.name}"
    known = {column.name for column in contract.columns} - DERIVED
    if unknown := sorted(set(feed.columns) - known):
        raise UsageError(
            f"{where}: columns {unknown} are not in table {contract.table}; it has {sorted(known)}"
        )
    required = {column.name for column in contract.columns if column.required} - DERIVED - {"received_at"}
    if missing := sorted(required - set(feed.columns)):
        raise UsageError(
            f"{where}: table {contract.table} needs the columns {missing}; the mapping lacks them"
        )
    for name, rule in feed.columns.items():
        allowed = (contract.column(name).pseudonym or "").split(VARIES)
        given = {rule.tag, *rule.tags.values()} - {None}
        if len(allowed) > 1 and not given:
            raise UsageError(f"{where}: column {name}: say with tag or tag_by which of {allowed} it is")
        if given and (len(allowed) == 1 or not given.issubset(allowed)):
            raise UsageError(
                f"{where}: column {name}: wanted the tag {' or '.join(allowed) or 'none'}, found {given}"
            )


def _value(
    rule: ColumnRule, column: ColumnContract, texts: Texts, zone: str | None
) -> tuple["Column", "Column"]:
    """The typed value (null when it does not parse) and the reason why it does not parse (null when it does).

    `zone` is the zone of times without an offset, None where it is the session's.
    """
    from pyspark.sql import functions as F

    kind = column.spark_type
    if rule.constant is not None:
        return F.lit(rule.constant).cast(kind), F.lit(None).cast("string")
    given = _template(rule.template, texts) if rule.template else F.col(str(rule.source))
    text = texts[rule.source] if rule.source else given
    if rule.first:
        given = text = F.substring(text, 1, rule.first)
    what = kind
    if rule.values:
        value = _looked_up(text, rule).cast(kind)
        what = "known word"
    elif rule.sign:
        number = text.try_cast("decimal(38,6)")
        what = "number"
        value = F.when(number < 0, rule.sign["negative"]).when(number >= 0, rule.sign["positive"])
    elif rule.part:
        value = F.year(_moment(given, text, rule, "date", zone)).cast(kind)
        what = "date"
    elif kind in ("timestamp", "date"):
        value = _moment(given, text, rule, kind, zone)
    elif kind == "string":
        value = text
    else:
        value = given.try_cast(kind) if rule.factor is None else _scaled(text, rule).try_cast(kind)
    if rule.absolute:
        value = F.abs(value)
    fails = given.isNotNull() & value.isNull()
    if rule.check:
        wrong_digit = ~F.coalesce(carries(rule.check.kind, text), F.lit(True))
        if rule.check.when:
            wrong_digit &= F.coalesce(
                texts[rule.check.when.column].isin(*rule.check.when.values), F.lit(False)
            )
        problem = F.when(wrong_digit, f"{column.name}: wrong check digit ({rule.check.kind})")
        return value, problem
    shape = F.regexp_replace(F.regexp_replace(F.substring(text, 1, SHOWN), r"\p{Nd}", "9"), r"\p{L}", "a")
    return value, F.when(fails, F.concat(F.lit(f"{column.name}: not a {what}: "), shape))


def _cleaned(raw: "DataFrame", feed: Feed, kinds: dict[str, str]) -> "DataFrame":
    """`raw` with its texts trimmed; blank is null."""
    from pyspark.sql import functions as F

    columns = [
        F.nullif(F.trim(F.col(name)), F.lit("")).alias(name) if kinds[name] == "string" else F.col(name)
        for name in feed.source_columns
    ]
    return raw.select(*columns, *PLACE)


def _template(template: str, texts: Texts) -> "Column":
    """The text with its columns filled in; null when one of them is."""
    from pyspark.sql import functions as F

    parts: list[Column] = []
    for literal, name, _, _ in Formatter().parse(template):
        parts += [F.lit(literal)] if literal else []
        parts += [texts[name]] if name else []
    return F.concat(*parts)


def _looked_up(text: "Column", rule: ColumnRule) -> "Column":
    from pyspark.sql import functions as F

    ours = F.lit(rule.otherwise) if rule.otherwise is not None else F.lit(None).cast("string")
    for word, meaning in reversed(rule.values.items()):
        ours = F.when(text == word, meaning).otherwise(ours)
    return F.when(text.isNotNull(), ours)


def _scaled(text: "Column", rule: ColumnRule) -> "Column":
    from pyspark.sql import functions as F

    return text.try_cast("decimal(30,6)") * F.lit(rule.factor).cast("decimal(12,6)")


def _moment(given: "Column", text: "Column", rule: ColumnRule, kind: str, zone: str | None) -> "Column":
    """A time or date from a number, a text in the stated format, ISO text, or a Parquet time."""
    from pyspark.sql import functions as F

    if rule.format in EPOCHS:
        micros = text.try_cast("bigint") * (1_000_000 // UNITS[rule.format])
        value = F.timestamp_micros(micros)
    elif rule.format:
        value = F.try_to_timestamp(text, F.lit(rule.format))
        value = value if _has_offset(rule.format) else _from_zone(value, zone)
    else:
        value = (text if rule.template else given).try_cast("timestamp")
        if zone:  # text with an offset is a moment already
            with_offset = F.rlike(text, F.lit(r"([zZ]|[+-]\d\d:?\d\d)$"))
            value = F.when(with_offset, value).otherwise(_from_zone(value, zone))
    if rule.add_days:
        value = value + F.make_dt_interval(days=F.lit(rule.add_days))
    return value.cast(kind)


def _from_zone(value: "Column", zone: str | None) -> "Column":
    """The instant at which the clocks in `zone` showed what `value` shows in the session's zone."""
    from pyspark.sql import functions as F

    if zone is None:
        return value
    return F.convert_timezone(F.lit(zone), F.current_timezone(), value.cast("timestamp_ntz")).cast(
        "timestamp"
    )


def _has_offset(pattern: str) -> bool:
    return bool(re.search("[XxZzVO]", re.sub("'[^']*'", "", pattern)))
