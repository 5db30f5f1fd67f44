"""What a device model says about its messages: how they are decoded, and what the fields mean.

A profile is data, kept with the DeviceModel entity as JSON, so a new model needs no program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from samstad_devices.domain.command_rule import CommandRule, check_rule
from samstad_devices.domain.errors import ProfileRefused
from samstad_devices.domain.units import converter

__all__ = ["DECODERS", "Decoder", "Field", "Profile", "read_profile"]

Decoder = Literal["javascript", "cayenne-lpp", "senml-json", "senml-cbor", "json", "lwm2m", "wmbus"]
DECODERS: tuple[Decoder, ...] = (
    "javascript",
    "cayenne-lpp",
    "senml-json",
    "senml-cbor",
    "json",
    "lwm2m",
    "wmbus",
)
Scalar = bool | int | float | str


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One field of the decoded data, and the attribute that it becomes.

    Attributes:
        path: members from the outside in, parted by dots; a number is a place in an array.
        attribute: by its name in the city's @context, or as an IRI.
        of: whose attribute it is: of the ``asset`` (the place) or of the ``device``.
        unit: of the attribute, a UN/CEFACT code; empty for what has none.
        given_in: unit of what the decoder gives, where it differs.
        scale: what the field is multiplied with, before its unit is converted.
        offset: what is added after ``scale``.
        least, most: what is plausible, in ``unit``; what lies outside is not published.
        words: what the decoder says → what it means; anything else is not published.
        decimals: to round to.
    """

    path: str
    attribute: str
    of: Literal["asset", "device"] = "asset"
    unit: str = ""
    given_in: str = ""
    scale: float = 1.0
    offset: float = 0.0
    least: float | None = None
    most: float | None = None
    words: Mapping[str, Scalar] = {}
    decimals: int | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """How messages of one device model are understood.

    Attributes:
        decoder: between bytes and fields.
        codec: which JavaScript, by its digest; for the decoder ``javascript`` alone.
        fields: in any order.
        time_path: the member that tells when it was measured (ISO 8601 text, or seconds since 1970).
        expected_interval_s: how often a device reports when all is well; 0 where nobody knows.
        grace: how many intervals may pass before it is silent.
        commands: by name.
    """

    decoder: Decoder
    codec: str = ""
    fields: tuple[Field, ...] = ()
    time_path: str = ""
    expected_interval_s: float = 0.0
    grace: float = 2.5
    commands: Mapping[str, CommandRule] = {}


def read_profile(told: Any) -> Profile:
    """Return a profile from JSON.

    Raises:
        ProfileRefused: it is none, or cannot work; ``pointer`` names the member.
    """
    try:
        profile = msgspec.convert(told, Profile)
    except msgspec.ValidationError as error:
        raise ProfileRefused(f"The profile is not one: {error}.") from None
    if (profile.decoder == "javascript") != bool(profile.codec):
        raise ProfileRefused("codec is for the decoder javascript, which needs one.", pointer="/codec")
    if profile.expected_interval_s < 0 or profile.grace < 1:
        raise ProfileRefused("An interval is not below 0, a grace not below 1.", pointer="/grace")
    for number, field in enumerate(profile.fields):
        _check(field, f"/fields/{number}")
    for name, rule in profile.commands.items():
        check_rule(rule, at=f"/commands/{name}")
    return profile


def _check(field: Field, at: str) -> None:
    if not field.path or not all(field.path.split(".")):
        raise ProfileRefused("path has members parted by dots.", pointer=f"{at}/path")
    if not field.attribute or " " in field.attribute:
        raise ProfileRefused("attribute is the name of one.", pointer=f"{at}/attribute")
    if field.least is not None and field.most is not None and field.least > field.most:
        raise ProfileRefused("least is above most: nothing would be plausible.", pointer=f"{at}/least")
    if field.given_in:
        try:
            converter(field.given_in, field.unit)
        except ValueError as error:
            raise ProfileRefused(f"The unit cannot be converted: {error}.", pointer=f"{at}/givenIn") from None
