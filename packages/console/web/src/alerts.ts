// The alert desk: one list over all services; acknowledge, take on, comment, suspend.

import * as api from "./api";
import { make } from "./dom";
import { linkTo } from "./list";
import { age, say, sayOf, time, timeIn } from "./words";

const SEVERITIES = ["informational", "low", "medium", "high", "critical"];
const HOUR_MS = 3_600_000;

type Told = Record<string, unknown>;

export class AlertDesk {
  readonly place = make("section", { "aria-label": say("alerts"), class: "alerts" });
  private readonly status = make("p", { role: "status" });
  private readonly table = make("div");
  private readonly open = make("select", { id: "which", change: () => void this.load() },
    make("option", { value: "open" }, say("filterOpen")),
    make("option", { value: "all" }, say("filterAll")));
  private waiting: number | undefined;

  constructor() {
    this.place.append(make("p", {}, make("label", { for: "which" }, say("state")), " ", this.open), this.status, this.table);
  }

  changed(): void {
    if (this.waiting === undefined) this.waiting = window.setTimeout(() => void this.load(), 1_000);
  }

  async load(): Promise<void> {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    const given: Record<string, string | number> = { type: "Alert", limit: 500, options: "keyValues" };
    if (this.open.value === "open") given["q"] = "active==true|acknowledged==false";
    try {
      const found = await api.entities(given);
      this.status.textContent = found.length === 0 ? say("nothing") : `${say("found")}: ${found.length}`;
      this.table.replaceChildren(found.length === 0 ? "" : alertTable(found, () => this.changed()));
    } catch (error) {
      this.status.textContent = `${say("failed")}: ${(error as Error).message}`;
    }
  }
}

export function alertTable(found: api.Entity[], after: () => void): HTMLElement {
  const head = ["severity", "alerts", "since", "state", "assignee"].map((one) => make("th", { scope: "col" }, say(one)));
  const rows = (found as Told[]).sort(byUrgency).map((one) => alertRow(one, after));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

const urgency = (one: Told) => SEVERITIES.indexOf(String(one["severity"]));

function byUrgency(a: Told, b: Told): number {
  const active = Number(b["active"] === true) - Number(a["active"] === true);
  return active || urgency(b) - urgency(a) || timeIn(b["lastSeen"]).localeCompare(timeIn(a["lastSeen"]));
}

function alertRow(one: Told, after: () => void): HTMLElement {
  const since = timeIn(one["firstSeen"]);
  const source = one["alertSource"] ? String(one["alertSource"]) : "";
  const what = String(one["description"] ?? one["alertType"] ?? one["id"]);
  return make(
    "tr",
    { class: `severity-${String(one["severity"])}` },
    make("td", {}, make("strong", {}, sayOf("severities", String(one["severity"])))),
    make(
      "td",
      {},
      source ? make("a", { href: linkTo(source) }, what) : what,
      make("p", { class: "actions" }, ...actions(one, after)),
    ),
    make("td", {}, since && make("time", { datetime: since, title: time(since) }, age(since))),
    make("td", {}, state(one)),
    make("td", {}, String(one["assignee"] ?? "–")),
  );
}

function state(one: Told): string {
  const words = [say(one["active"] === true ? "active" : "gone")];
  if (one["acknowledged"] === true) words.push(say("acknowledged"));
  if (one["suspended"] === true) words.push(say("suspended"));
  return words.join(", ");
}

function actions(one: Told, after: () => void): Node[] {
  const id = String(one["id"]);
  const button = (word: string, attributes: () => Promise<Record<string, unknown> | null>) =>
    make("button", { type: "button", click: (event: Event) => void act(event, id, attributes, after) }, say(word));
  const made: Node[] = [];
  if (one["acknowledged"] !== true) {
    made.push(button("acknowledge", async () => {
      const { id: who } = await api.me();
      return { acknowledged: true, acknowledgedBy: who };
    }));
  }
  made.push(button("assign", async () => ({ assignee: (await api.me()).id })));
  made.push(
    one["suspended"] === true
      ? button("resume", async () => ({ suspended: false }))
      : button("suspend", async () => ({ suspended: true, suspendedUntil: until() })),
  );
  return made.flatMap((each) => [each, document.createTextNode(" ")]);
}

const until = () => ({ type: "Property", value: { "@type": "DateTime", "@value": new Date(Date.now() + HOUR_MS).toISOString() } });

async function act(
  event: Event,
  id: string,
  attributes: () => Promise<Record<string, unknown> | null>,
  after: () => void,
): Promise<void> {
  const button = event.currentTarget as HTMLButtonElement;
  button.disabled = true;
  try {
    const found = await attributes();
    if (found) await api.change(id, found);
    button.replaceWith(make("span", { role: "status" }, say("done")));
    after();
  } catch (error) {
    button.disabled = false;
    button.after(make("span", { role: "alert" }, ` ${say("failed")}: ${(error as Error).message}`));
  }
}
