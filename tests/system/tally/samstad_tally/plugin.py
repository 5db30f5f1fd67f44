"""What the node reads at its start; the service itself is imported in its own process."""

import msgspec

from samstad_plugin import Command, Plugin, Problem, ProblemText


class TallySettings(msgspec.Struct, frozen=True):
    """Counts the lamps that are lit."""

    lit_at_percent: float = 1.0


plugin = Plugin(
    name="tally",
    text="counts the lamps that are lit",
    settings=TallySettings,
    start="samstad_tally.service:start",
    commands=(Command("about", "samstad_tally.service:about", "Say what the service is."),),
    problems=(
        Problem(
            "tally-unknown-lamp",
            404,
            ProblemText("Okänd lampa", "Tjänsten har inte sett lampan.", "Se efter vad den heter."),
            ProblemText("Unknown lamp", "The service has not seen that lamp.", "Look up its id."),
        ),
    ),
)
