"""Where notifications may go: nobody uses the node to reach what only the node can reach."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from samstad_broker.gateway.egress import EgressDenied, EgressRules, ResolutionFailed

CLOSED = EgressRules()
OPEN = EgressRules.parse(["127.0.0.0/8", "10.0.0.0/8", "::1/128", "fc00::/7"])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_global_addresses_may_be_reached(address: str) -> None:
    assert CLOSED.permits(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fd12::1",
        "::ffff:127.0.0.1",
    ],
)
def test_loopback_and_private_addresses_only_where_they_are_opened(address: str) -> None:
    assert not CLOSED.permits(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "::1", "fd12::1", "::ffff:10.1.2.3", "64:ff9b::7f00:1", "2002:7f00:1::"],
)
def test_what_is_opened_may_be_reached(address: str) -> None:
    assert OPEN.permits(ip_address(address))
    assert not OPEN.permits(ip_address("192.168.1.1"))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - not bound to, refused
        "0.1.2.3",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "2001:db8::1",
    ],
)
def test_metadata_multicast_and_the_like_never_even_if_everything_is_opened(address: str) -> None:
    everything = EgressRules.parse(["0.0.0.0/0", "::/0"])
    assert not everything.permits(ip_address(address))


async def test_only_permitted_addresses_of_a_name_are_used() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["169.254.169.254", "93.184.216.34", "127.0.0.1"]

    assert await CLOSED.addresses("name.example", 80, resolve=resolve) == ["93.184.216.34"]


async def test_a_name_with_no_permitted_address_is_refused_and_one_without_address_is_not() -> None:
    async def inside(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["10.0.0.1"]

    async def nothing(host: str, port: int) -> Sequence[str]:
        del host, port
        return []

    with pytest.raises(EgressDenied):
        await CLOSED.addresses("inside.example", 80, resolve=inside)
    with pytest.raises(ResolutionFailed):
        await CLOSED.addresses("gone.example", 80, resolve=nothing)


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        EgressRules.parse(["nonsense"])
