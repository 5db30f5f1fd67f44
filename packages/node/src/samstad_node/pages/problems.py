"""Help pages of the node's own problem types: what each means and what to do, in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import NamedTuple

from samstad_node.pages.html import page
from samstad_node.plugins import installed

__all__ = ["PROBLEMS", "Help", "known_problems", "problem_page", "problems_page"]


class Help(NamedTuple):
    """One problem type: its status, and title, meaning and what to do in Swedish and in English."""

    status: int
    sv: tuple[str, str, str]
    en: tuple[str, str, str]


PROBLEMS: dict[str, Help] = {
    "access-store-unavailable": Help(
        503,
        (
            "Behörigheter kan inte läsas",
            "Nodens databas för behörigheter svarar inte.",
            "Försök igen; den som driver noden ser orsaken i loggen.",
        ),
        (
            "Access cannot be read",
            "The node's database of access does not answer.",
            "Try again; the node's log tells its operator why.",
        ),
    ),
    "bad-gateway": Help(
        502,
        (
            "En källa utförde det inte",
            "Uppgifterna finns hos en annan nod, som svarade att den inte gör ändringen.",
            "Svaret säger vad källan svarade. Rätta det, eller tala med den som driver källan.",
        ),
        (
            "A source did not do it",
            "Another node holds the data, and it answered that it does not make the change.",
            "The answer tells what the source said. Correct that, or talk to who runs the source.",
        ),
    ),
    "gateway-timeout": Help(
        504,
        (
            "En källa svarade inte",
            "Uppgifterna finns hos en annan nod, som inte svarade i tid. Ändringen kan ändå ha gjorts.",
            "Läs uppgifterna när källan svarar igen, och gör om ändringen om den saknas.",
        ),
        (
            "A source did not answer",
            "Another node holds the data, and did not answer in time. The change may have been made still.",
            "Read the data when the source answers again, and repeat the change if it is not there.",
        ),
    ),
    "bad-input": Help(
        400,
        (
            "Fel i det som skickades",
            "Ett värde kan inte användas; pointer pekar ut det.",
            "Rätta värdet och skicka igen.",
        ),
        (
            "The input is wrong",
            "A value cannot be used; pointer names it.",
            "Correct the value and send again.",
        ),
    ),
    "bad-request": Help(
        400,
        (
            "Ingen giltig HTTP-begäran",
            "Begäran följer inte HTTP/1.1.",
            "Se detail, och använd ett vanligt HTTP-bibliotek.",
        ),
        (
            "No valid HTTP request",
            "The request does not follow HTTP/1.1.",
            "See detail, and use an ordinary HTTP library.",
        ),
    ),
    "broker-refused": Help(
        400,
        (
            "Kontextmäklaren tog inte emot",
            "Tjänsten frågade nodens kontextmäklare, som svarade nej.",
            "Se detail, som är kontextmäklarens egen mening.",
        ),
        (
            "The broker refused",
            "The service asked the node's context broker, which said no.",
            "See detail, which is the broker's own sentence.",
        ),
    ),
    "broker-unreachable": Help(
        503,
        (
            "Kontextmäklaren svarar inte",
            "Tjänsten lever, men nodens kontextmäklare svarar inte just nu.",
            "Försök igen; noden startar om den själv.",
        ),
        (
            "The broker cannot be reached",
            "The service lives, but the node's context broker does not answer now.",
            "Try again; the node starts it anew by itself.",
        ),
    ),
    "conflict": Help(
        409,
        ("Krock", "Det finns redan, eller någon annan ändrade det under tiden.", "Läs om och försök igen."),
        (
            "Conflict",
            "It exists already, or somebody else changed it meanwhile.",
            "Read it again, then try again.",
        ),
    ),
    "expectation-failed": Help(
        417,
        (
            "Förväntan kan inte uppfyllas",
            "Noden kan bara Expect: 100-continue.",
            "Skicka utan huvudet Expect.",
        ),
        (
            "Expectation failed",
            "The node knows Expect: 100-continue alone.",
            "Send without the header Expect.",
        ),
    ),
    "forbidden": Help(
        403,
        (
            "Inte tillåtet",
            "Du är inloggad men saknar rätten.",
            "Be den som förvaltar noden om en roll som räcker.",
        ),
        (
            "Not allowed",
            "You are known but lack the right.",
            "Ask the node's administrator for a role that suffices.",
        ),
    ),
    "history-behind": Help(
        503,
        (
            "Historiken hinner inte med",
            "Det senast skrivna har ännu inte nått historiken.",
            "Fråga igen om några sekunder.",
        ),
        (
            "History behind",
            "What was written last has not reached the history yet.",
            "Ask again in some seconds.",
        ),
    ),
    "http-version-not-supported": Help(
        505,
        ("HTTP-versionen stöds inte", "Noden talar HTTP/1.1 och 1.0.", "Använd en av dem."),
        ("HTTP version not supported", "The node speaks HTTP/1.1 and 1.0.", "Use one of them."),
    ),
    "insufficient-storage": Help(
        507,
        (
            "Disken är nästan full",
            "Noden tar inte emot fler ändringar, men läsning fungerar.",
            "Frigör utrymme; skrivning fungerar sedan av sig själv.",
        ),
        (
            "The disk is nearly full",
            "The node takes no more changes, but reading works.",
            "Free some space; writes then go on by themselves.",
        ),
    ),
    "internal": Help(
        500,
        ("Fel i noden", "Något gick fel som inte är ditt fel.", "Meddela den som driver noden."),
        ("A fault of the node", "Something went wrong that is not your fault.", "Tell the node's operator."),
    ),
    "key-set-refused": Help(
        500,
        (
            "Nyckelfilen kan inte användas",
            "Utfärdarens nycklar (JWKS) innehåller ingen användbar nyckel.",
            "Kontrollera access.jwks; den senast fungerande används tills vidare.",
        ),
        (
            "The key set cannot be used",
            "The issuer's JWKS holds no usable key.",
            "Check access.jwks; the last good one stays in use.",
        ),
    ),
    "length-required": Help(
        411,
        (
            "Längd saknas",
            "En begäran med innehåll anger inte hur långt det är.",
            "Skicka Content-Length eller Transfer-Encoding: chunked.",
        ),
        (
            "Length required",
            "A request with content does not say how long it is.",
            "Send Content-Length or Transfer-Encoding: chunked.",
        ),
    ),
    "method-not-allowed": Help(
        405,
        (
            "Metoden går inte här",
            "Resursen finns men kan inte det som begärdes.",
            "Använd en metod som svarets Allow nämner.",
        ),
        (
            "Method not allowed",
            "The resource exists and does not know the method.",
            "Use a method that the answer's Allow names.",
        ),
    ),
    "not-acceptable": Help(
        406,
        (
            "Formatet finns inte",
            "Accept nämner inget format som resursen har.",
            "Välj ett ur availableRepresentations.",
        ),
        (
            "Not acceptable",
            "Accept names no representation that the resource has.",
            "Choose one of availableRepresentations.",
        ),
    ),
    "not-found": Help(
        404,
        ("Finns inte", "Här finns inget.", "Kontrollera adressen."),
        ("Not found", "There is nothing here.", "Check the address."),
    ),
    "not-implemented": Help(
        501,
        ("Finns inte i noden", "Noden kan inte den överföringskodning som användes.", "Skicka utan den."),
        ("Not implemented", "The node does not know the transfer coding that was used.", "Send without it."),
    ),
    "overloaded": Help(
        503,
        (
            "Överbelastad",
            "Noden har så mycket att göra som den tar på en gång.",
            "Vänta så länge Retry-After säger.",
        ),
        (
            "Overloaded",
            "The node has as much at work as it takes at once.",
            "Wait as long as Retry-After says.",
        ),
    ),
    "payload-too-large": Help(
        413,
        (
            "För stort",
            "Innehållet är större än noden tar emot i en begäran.",
            "Dela upp det; limitBytes anger gränsen.",
        ),
        (
            "Payload too large",
            "The content is larger than the node takes in one request.",
            "Send it in parts; limitBytes is the limit.",
        ),
    ),
    "policy-refused": Help(
        500,
        (
            "Behörighetsreglerna kan inte användas",
            "Filen följer inte schemat.",
            "Rätta den rad som pointer anger.",
        ),
        (
            "The policy cannot be used",
            "The file does not fit the schema.",
            "Mend the line that pointer names.",
        ),
    ),
    "access-error": Help(
        500,
        (
            "Behörighetskontrollen misslyckades",
            "Noden kunde inte avgöra vad du får göra.",
            "Försök igen; meddela annars den som driver noden.",
        ),
        (
            "Access failed",
            "The node could not decide what you may do.",
            "Try again; else tell the node's operator.",
        ),
    ),
    "request-header-fields-too-large": Help(
        431,
        (
            "För stora huvuden",
            "Begärans huvuden är större än noden tar emot.",
            "Skicka färre eller kortare huvuden.",
        ),
        (
            "Request headers too large",
            "The headers are larger than the node takes.",
            "Send fewer or shorter headers.",
        ),
    ),
    "request-timeout": Help(
        408,
        ("För långsamt", "Begäran kom inte fram i tid.", "Skicka hela begäran utan långa pauser."),
        (
            "Request timeout",
            "The request did not arrive in time.",
            "Send the whole request without long pauses.",
        ),
    ),
    "service-away": Help(
        503,
        (
            "Tjänsten svarar inte",
            "Tjänsten är inte igång just nu, eller svarade inte i tid.",
            "Försök igen; noden startar om den själv. /health säger hur den mår.",
        ),
        (
            "The service is away",
            "The service does not run now, or did not answer in time.",
            "Try again; the node starts it anew by itself. /health tells how it stands.",
        ),
    ),
    "storage-unavailable": Help(
        503,
        (
            "Lagringen svarar inte",
            "Noden kan inte spara eller läsa just nu; begäran kan ha utförts.",
            "Läs av läget och försök igen.",
        ),
        (
            "Storage unavailable",
            "The node cannot store or read now; the request may have been carried out.",
            "Look at the state, then try again.",
        ),
    ),
    "superseded": Help(
        503,
        ("En annan process har tagit över", "Data sköts nu av en annan process.", "Försök igen."),
        ("Superseded", "Another process has taken over this data.", "Ask again."),
    ),
    "too-many-attempts": Help(
        429,
        ("För många försök", "Inloggningen misslyckades för ofta.", "Vänta så länge Retry-After säger."),
        ("Too many failed attempts", "Logging in failed too often.", "Wait as long as Retry-After says."),
    ),
    "too-many-requests": Help(
        429,
        ("För många begäranden", "Du frågar oftare än du får.", "Vänta så länge Retry-After säger."),
        ("Too many requests", "You ask more often than you may.", "Wait as long as Retry-After says."),
    ),
    "unauthenticated": Help(
        401,
        (
            "Inte inloggad",
            "Ingen nyckel skickades, eller en som inte gäller.",
            "Skicka en giltig nyckel i X-API-Key eller Authorization: Bearer.",
        ),
        (
            "Not logged in",
            "No credential was sent, or one that does not count.",
            "Send a valid key in X-API-Key or Authorization: Bearer.",
        ),
    ),
    "unsupported-media-type": Help(
        415,
        (
            "Okänd medietyp",
            "Åtgärden läser inte innehåll av den typen.",
            "Skicka application/json eller application/ld+json.",
        ),
        (
            "Unsupported media type",
            "The operation does not read content of this type.",
            "Send application/json or application/ld+json.",
        ),
    ),
    "uri-too-long": Help(
        414,
        (
            "För lång adress",
            "Adressen är längre än noden tar emot.",
            "Ställ frågan med POST /entityOperations/query.",
        ),
        (
            "URI too long",
            "The address is longer than the node takes.",
            "Ask by POST /entityOperations/query.",
        ),
    ),
}
"""Name (the last segment of the problem type) → help."""


@cache
def known_problems() -> Mapping[str, Help]:
    """Return the node's problem types and those of the services that are installed."""
    added = (problem for plugin in installed().values() for problem in plugin.problems)
    return {**PROBLEMS, **{one.name: Help(one.status, one.sv, one.en) for one in added}}


def problem_page(name: str, *, language: str) -> str | None:
    """Return the help page of a problem type, or None where there is no such type."""
    found = known_problems().get(name)
    if found is None:
        return None
    title, meaning, todo = found.sv if language == "sv" else found.en
    do = "Gör så här" if language == "sv" else "What to do"
    body = (
        f"<p><code>/problems/{escape(name)}</code> · HTTP {found.status}</p><p>{escape(meaning)}</p>"
        f"<h2>{do}</h2><p>{escape(todo)}</p>"
    )
    return page(title, body, language=language, path=f"/problems/{name}")


def problems_page(*, language: str) -> str:
    """Return the list of all problem types."""
    title = "Problemtyper" if language == "sv" else "Problem types"
    items = "".join(
        f'<li><a href="/problems/{name}?lang={language}">'
        f"{escape((one.sv if language == 'sv' else one.en)[0])}</a>"
        f" <code>{name}</code></li>"
        for name, one in sorted(known_problems().items())
    )
    return page(title, f"<ul>{items}</ul>", language=language, path="/problems")
