"""A little contract that the tests read, change and break."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data_contracts.contract import Contract, read_contract

PAYMENTS = """
kind: DataContract
apiVersion: v3.1.0
id: payments
version: 1.0.0
status: active
description: {purpose: Payments of the tests.}
team: {members: [{username: owner@example.org, role: owner}]}
schema:
  - name: payments
    physicalName: decisions/payments
    physicalType: table
    dataGranularityDescription: One row per payment.
    customProperties: [{property: layer, value: decisions}, {property: kind, value: daily}]
    properties:
      - name: as_of
        logicalType: date
        physicalType: date
        required: true
        primaryKey: true
        primaryKeyPosition: 2
        partitioned: true
        partitionKeyPosition: 1
        classification: internal
        description: Morning.
      - name: payment_id
        logicalType: string
        physicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: internal
        description: Number of the payment.
      - name: account_id
        logicalType: string
        physicalType: string
        classification: restricted
        description: Who pays.
        customProperties: [{property: pseudonym, value: account}]
      - name: amount
        logicalType: number
        physicalType: decimal(18,2)
        required: true
        classification: internal
        logicalTypeOptions: {minimum: 0, maximum: 1000}
        description: How much.
        customProperties: [{property: unit, value: yuan}]
      - name: direction
        logicalType: string
        physicalType: string
        classification: internal
        quality: [{metric: invalidValues, arguments: {validValues: [in, out]}, mustBe: 0}]
        description: Which way.
"""


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Contract]:
    """Reads the payments contract with pieces of text replaced: `changed(("old", "new"), ...)`."""

    def read(*changes: tuple[str, str]) -> Contract:
        text = PAYMENTS
        for old, new in changes:
            if old not in text:
                raise ValueError(f"the contract of the tests does not hold {old!r}")
            text = text.replace(old, new, 1)
        file = tmp_path / "payments.odcs.yaml"
        file.write_text(text, encoding="utf-8")
        return read_contract(file)

    return read
