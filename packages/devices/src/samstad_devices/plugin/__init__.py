"""What a node reads at its start; the service itself is imported in its own process."""

from __future__ import annotations

from samstad_devices.settings import DevicesSettings
from samstad_plugin import Command, Plugin, Problem, ProblemText

__all__ = ["plugin"]

plugin = Plugin(
    name="devices",
    text="takes in what devices send, and keeps their lives",
    settings=DevicesSettings,
    start="samstad_devices.plugin.role:start",
    commands=(
        Command(
            "codecs",
            "samstad_devices.plugin.commands:codecs",
            "Try the codecs of a LoRaWAN device repository, and keep those that pass.",
        ),
        Command(
            "keys",
            "samstad_devices.plugin.key_export:keys",
            "Write the keys of all devices into a file, wrapped under a key of the owner's.",
        ),
    ),
    problems=(
        Problem(
            "devices-message-refused",
            400,
            ProblemText(
                "Meddelandet gick inte att läsa",
                "Det som kom är inte det som avsändaren brukar skriva.",
                "Läs vad som sägs om felet, rätta och skicka igen.",
            ),
            ProblemText(
                "The message could not be read",
                "What came is not what its sender writes.",
                "Read what is said of the fault, mend it and send it again.",
            ),
        ),
        Problem(
            "devices-token-refused",
            401,
            ProblemText(
                "Fel nyckel",
                "Nyckeln är okänd, återkallad eller för gammal.",
                "Be den som sköter enheterna om en ny.",
            ),
            ProblemText(
                "The token is refused",
                "The token is unknown, revoked or too old.",
                "Ask whoever manages the devices for a new one.",
            ),
        ),
        Problem(
            "devices-unknown-device",
            404,
            ProblemText(
                "Okänd enhet",
                "Det finns ingen enhet med det namnet.",
                "Se efter vad den heter, eller lägg till den.",
            ),
            ProblemText(
                "Unknown device",
                "There is no device of that id.",
                "Look up its id, or add it.",
            ),
        ),
        Problem(
            "devices-not-now",
            409,
            ProblemText(
                "Det går inte nu",
                "Enhetens livscykel tillåter det inte, eller inte än.",
                "Gör först det som saknas; det står i felet.",
            ),
            ProblemText(
                "Not now",
                "The device's life does not allow it, or not yet.",
                "Do first what is missing; the error says what.",
            ),
        ),
        Problem(
            "devices-claim-refused",
            403,
            ProblemText(
                "Koden gäller inte",
                "Koden hör inte till någon enhet som kan tas över här.",
                "Läs koden på lådan en gång till, eller fråga leverantören.",
            ),
            ProblemText(
                "The code is not valid",
                "The code is not that of a device that can be claimed here.",
                "Read the code on the box again, or ask the supplier.",
            ),
        ),
        Problem(
            "devices-too-many-claims",
            429,
            ProblemText(
                "För många försök",
                "För många koder har prövats.",
                "Vänta en minut.",
            ),
            ProblemText(
                "Too many attempts",
                "Too many codes were tried.",
                "Wait a minute.",
            ),
        ),
        Problem(
            "devices-repeated",
            409,
            ProblemText(
                "Meddelandet har kommit förut",
                "Samma underskrift har använts förut; meddelandet är sparat.",
                "Gör inget, eller skriv under ett nytt meddelande.",
            ),
            ProblemText(
                "The message came before",
                "The same signature was used before; the message is kept.",
                "Do nothing, or sign a new message.",
            ),
        ),
        Problem(
            "devices-cannot-keep",
            503,
            ProblemText(
                "Kan inte ta emot",
                "Meddelandet har inte sparats.",
                "Skicka det igen om en stund.",
            ),
            ProblemText(
                "Cannot keep it",
                "The message is not kept.",
                "Send it again in a while.",
            ),
        ),
    ),
)
