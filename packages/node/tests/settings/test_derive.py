"""What the settings say reaches the parts, in their units; defaults are the parts' own defaults."""

from __future__ import annotations

import pytest

from samstad_node.settings import Settings, SettingsRefused, derive
from samstad_node.settings.sections import (
    HistorySettings,
    LimitsSettings,
    NodeSettings,
    NotificationsSettings,
    StoreSettings,
)

DERIVED = (
    derive.broker_limits,
    derive.context_limits,
    derive.delivery_settings,
    derive.egress_rules,
    derive.kernel_settings,
    derive.server_settings,
    derive.writer_limits,
)


@pytest.mark.parametrize("make", DERIVED, ids=lambda make: make.__name__)
def test_default_settings_are_the_parts_own_defaults(make):
    made = make(Settings())
    assert made == type(made)()


def test_the_store_only_learns_the_nodes_name_and_leaves_the_history_to_a_process():
    made = derive.sqlite_settings(Settings(node=NodeSettings(name="roads")))
    assert made == type(made)(node="roads", history_process=True)


def test_units_are_turned():
    settings = Settings(
        node=NodeSettings(disk_reserve_mib=3),
        store=StoreSettings(stretch_hours=0.5, group_ms=0.25, stretch_mib=2),
        limits=LimitsSettings(body_kib=5, requests_per_s=7, requests_burst=9, page=10),
        notifications=NotificationsSettings(timeout_s=90, retry_max_age_days=0.5),
    )
    assert derive.sqlite_settings(settings).stretch_age_us == 1_800_000_000
    assert derive.sqlite_settings(settings).reserve_bytes == 3 * 1024 * 1024
    assert derive.writer_limits(settings).group_us == 250
    assert derive.server_settings(settings).body_bytes == 5 * 1024
    assert derive.kernel_settings(settings).limits.rate.burst == 9
    assert derive.broker_limits(settings).default_page == 10
    delivery = derive.delivery_settings(settings)
    assert (delivery.timeout_us, delivery.most_timeout_us) == (90_000_000, 90_000_000)
    assert delivery.most_age_us == 43_200_000_000


def test_a_network_that_is_none_is_refused_by_its_key():
    settings = Settings(notifications=NotificationsSettings(allow_networks=("10.0.0.0/8", "router.local")))
    with pytest.raises(SettingsRefused, match=r"notifications.allow_networks.*router.local"):
        derive.egress_rules(settings)
    wide = Settings(notifications=NotificationsSettings(allow_networks=("10.0.0.0/8",)))
    assert len(derive.egress_rules(wide).allowed) == 1


def test_retention_rules_name_tenant_type_days_and_decision():
    rules = ("default WasteContainer 1095 KS-17", "* * 30 KS-18", "water https://example.org/Pump 7 KS-19")
    settings = Settings(node=NodeSettings(tenants=("water",)), history=HistorySettings(retention=rules))
    first, second, third = derive.retention_rules(settings)
    assert (first.tenant, first.days, first.decision) == ("", 1095, "KS-17")
    assert first.types == ("https://smartdatamodels.org/dataModel.WasteManagement/WasteContainer",)
    assert (second.tenant, second.types) == (None, ())
    assert (third.tenant, third.types) == ("water", ("https://example.org/Pump",))


@pytest.mark.parametrize(
    "rule",
    ["", "default Bin 30", "default Bin many KS-1", "default Bin 0 KS-1", "nobody Bin 30 KS-1", "a b 1 c d"],
)
def test_a_rule_that_cannot_be_read_is_refused_by_its_key(rule):
    settings = Settings(history=HistorySettings(retention=(rule,)))
    with pytest.raises(SettingsRefused) as refused:
        derive.retention_rules(settings)
    assert refused.value.problems[0].key == "history.retention"
