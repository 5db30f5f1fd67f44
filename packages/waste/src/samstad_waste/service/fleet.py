"""Vehicles, depots and unloading sites, as their entities say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from samstad_waste import mapping
from samstad_waste.domain.errors import InventoryRefused
from samstad_waste.domain.names import attribute_of, own
from samstad_waste.domain.routing import Break

__all__ = ["DEPOT", "SITE", "VEHICLE", "Fleet", "KnownSite", "KnownVehicle"]

VEHICLE, DEPOT, SITE = own("WasteVehicle"), own("WasteDepot"), own("WasteUnloadingSite")
_SHIFT = {"from": "06:00", "to": "15:00"}


class KnownVehicle(NamedTuple):
    """A lorry; ``litres`` by stream, compaction included."""

    id: str
    name: str
    depot: str
    litres: dict[str, float]
    shift_s: tuple[int, int]
    breaks: tuple[Break, ...]
    sites: tuple[str, ...]
    ends_empty: bool
    in_use: bool


class KnownSite(NamedTuple):
    """A place where lorries start or unload."""

    id: str
    name: str
    place: tuple[float, float]
    service_s: int
    window_s: tuple[int, int]


class Fleet:
    """What there is to collect with; what cannot be used stands in ``refused`` with the reason."""

    def __init__(self) -> None:
        self.vehicles: dict[str, KnownVehicle] = {}
        self.depots: dict[str, KnownSite] = {}
        self.sites: dict[str, KnownSite] = {}
        self.refused: dict[str, str] = {}

    def take_vehicles(self, entities: Iterable[dict[str, Any]]) -> None:
        """Take vehicles as they are now."""
        for entity in entities:
            self._take(self.vehicles, entity, _vehicle)

    def take_depots(self, entities: Iterable[dict[str, Any]]) -> None:
        """Take depots as they are now."""
        for entity in entities:
            self._take(self.depots, entity, _site)

    def take_sites(self, entities: Iterable[dict[str, Any]]) -> None:
        """Take unloading sites as they are now."""
        for entity in entities:
            self._take(self.sites, entity, _site)

    def _take(self, known: dict[str, Any], entity: dict[str, Any], read: Any) -> None:
        known.pop(entity["id"], None)
        self.refused.pop(entity["id"], None)
        if "deletedAt" in entity:
            return
        try:
            known[entity["id"]] = read(entity)
        except InventoryRefused as error:
            self.refused[entity["id"]] = error.detail


def _vehicle(entity: dict[str, Any]) -> KnownVehicle:
    entity_id = entity["id"]
    shift = attribute_of(entity, own("shift"))
    shift = shift if isinstance(shift, dict) else dict[str, Any](_SHIFT)
    capacity = attribute_of(entity, own("capacityByStream"))
    compaction = attribute_of(entity, own("compaction"))
    depot = attribute_of(entity, own("refWasteDepot"))
    if not isinstance(capacity, dict) or not capacity or not isinstance(depot, str):
        raise InventoryRefused(
            f"{entity_id} needs capacityByStream (litres for each stream) and refWasteDepot."
        )
    factor = float(compaction) if isinstance(compaction, int | float) and compaction >= 1 else 1.0
    try:
        litres = {str(stream): float(amount) * factor for stream, amount in capacity.items()}
        breaks = tuple(_break(one) for one in shift.get("breaks", ()))
    except (KeyError, TypeError, ValueError):
        raise InventoryRefused(
            f"{entity_id}: a capacity is litres, a break from, to (both such as 09:00) and minutes."
        ) from None
    if any(amount <= 0 for amount in litres.values()):
        raise InventoryRefused(f"{entity_id}: a capacity is above 0 litres.")
    sites = attribute_of(entity, own("refWasteUnloadingSite")) or ()
    return KnownVehicle(
        id=entity_id,
        name=str(attribute_of(entity, "name") or entity_id.rpartition(":")[2]),
        depot=depot,
        litres=litres,
        shift_s=mapping.read_window(shift, entity_id),
        breaks=breaks,
        sites=(sites,) if isinstance(sites, str) else tuple(sites),
        ends_empty=attribute_of(entity, own("endsEmpty")) is True,
        in_use=attribute_of(entity, own("inUse")) is not False,
    )


def _break(told: dict[str, Any]) -> Break:
    early, late = mapping.clock_s(told["from"]), mapping.clock_s(told["to"])
    return Break(early, late, round(float(told["minutes"]) * 60))


def _site(entity: dict[str, Any]) -> KnownSite:
    place = mapping.read_place(entity)
    if place is None:
        raise InventoryRefused(f"{entity['id']} needs a location: a Point with longitude and latitude.")
    minutes = attribute_of(entity, own("serviceMinutes"))
    return KnownSite(
        id=entity["id"],
        name=str(attribute_of(entity, "name") or entity["id"].rpartition(":")[2]),
        place=place,
        service_s=round(minutes * 60) if isinstance(minutes, int | float) and minutes >= 0 else 900,
        window_s=mapping.read_window(attribute_of(entity, own("accessWindow")), entity["id"]),
    )
