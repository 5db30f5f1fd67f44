from __future__ import annotations

import pytest

from samstad_signals.domain.orders import order_of
from samstad_signals.spi.street import NotConnected

pytestmark = pytest.mark.system
SITE = "RN+SI0001"


async def test_sites_of_three_core_versions_are_served_side_by_side(street):
    street.connect("A", core="3.1.2", sxl="1.0.7")
    street.connect("B", core="3.1.5", sxl="1.0.15")
    street.connect("C")
    for site_id in "ABC":
        await street.until_told(site_id)
    assert street.supervisor.connected == ["A", "B", "C"]
    assert street.supervisor.garbled == 0
    assert len(street.state("C").group_states) == 4


async def test_a_lost_site_is_kept_and_followed_again_after_it_has_come_back(street):
    street.connect(SITE)
    await street.until_told(SITE)
    await street.disconnect(SITE)
    await street.until(lambda: not street.fleet.junction(SITE).link.up)
    assert street.state(SITE).group_states is not None
    with pytest.raises(NotConnected, match="runs its own program"):
        street.supervisor.order(SITE, order_of("selectPlan", {"plan": 2}))
    heard = street.state(SITE).times["S0001"]
    street.connect(SITE)
    await street.until(lambda: street.state(SITE).times["S0001"] > heard)
    assert len(street.fleet.junction(SITE).link.drops_us) == 1


async def test_nobody_speaks_to_a_site_that_never_came(street):
    with pytest.raises(NotConnected):
        street.supervisor.order("nobody", order_of("selectPlan", {"plan": 2}))
    assert street.fleet.junctions == {}
