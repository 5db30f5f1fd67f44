// Everything that the map shows, as a table: worst first, searched and filtered, page by page.

import * as api from "./api";
import { make } from "./dom";
import { markPicture } from "./marks";
import { age, conditionWord, isStale, nameOf, number, say, time, typeLabel } from "./words";

const PAGE = 50;

export class List {
  readonly place = make("section", { "aria-label": say("list"), class: "list" });
  private readonly rows = make("tbody");
  private readonly status = make("p", { role: "status" });
  private readonly more = make("button", { type: "button", click: () => void this.load(true) }, say("more"));
  private readonly text = make("input", { type: "search", id: "search", autocomplete: "off" });
  private readonly worse = make("input", { type: "checkbox", id: "worse" });
  private types: string[] | null = null;
  private shown = 0;
  private asked = 0;
  private waiting: number | undefined;

  constructor(private readonly remembered: URLSearchParams) {
    this.text.value = remembered.get("text") ?? "";
    this.worse.checked = remembered.get("worse") === "true";
    this.text.addEventListener("input", () => this.soon());
    this.worse.addEventListener("change", () => void this.load());
    const head = ["condition", "name", "type", "observed"].map((one) => make("th", { scope: "col" }, say(one)));
    this.place.append(
      make(
        "form",
        { role: "search", submit: (event: Event) => event.preventDefault() },
        make("label", { for: "search" }, say("search")),
        this.text,
        make("label", { for: "worse", class: "choice" }, this.worse, say("worse")),
      ),
      this.status,
      make("table", {}, make("thead", {}, make("tr", {}, ...head)), this.rows),
      this.more,
    );
  }

  choose(types: string[] | null): void {
    this.types = types;
    void this.load();
  }

  changed(): void {
    if (this.waiting === undefined) this.waiting = window.setTimeout(() => void this.load(), 3_000);
  }

  private soon(): void {
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => void this.load(), 250);
  }

  async load(further = false): Promise<void> {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    const asked = (this.asked += 1);
    const given: Record<string, string | number> = { limit: further ? PAGE : Math.max(PAGE, Math.min(this.shown, 500)) };
    if (further) given["offset"] = this.shown;
    if (this.text.value) given["text"] = this.text.value;
    if (this.worse.checked) given["worse"] = "true";
    if (this.types !== null) given["type"] = this.types.join(",");
    try {
      const found = await api.things(given);
      if (asked === this.asked) this.show(found, further);
    } catch (error) {
      this.status.textContent = `${say("failed")}: ${(error as Error).message}`;
    }
    this.remember();
  }

  private show(found: { total: number; things: api.Thing[] }, further: boolean): void {
    const focused = document.activeElement?.getAttribute("href");
    const rows = found.things.map(row);
    if (further) this.rows.append(...rows);
    else this.rows.replaceChildren(...rows);
    this.shown = this.rows.children.length;
    this.more.hidden = this.shown >= found.total;
    this.status.textContent = found.total === 0 ? say("nothing") : `${say("found")}: ${number(found.total)}`;
    if (focused) this.rows.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  // What was searched for stands in the address, so that it can be shared and found again.
  private remember(): void {
    const wanted = { text: this.text.value, worse: this.worse.checked ? "true" : "" };
    for (const [name, value] of Object.entries(wanted)) {
      if (value) this.remembered.set(name, value);
      else this.remembered.delete(name);
    }
    const query = this.remembered.toString();
    history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}${location.hash}`);
  }
}

export const linkTo = (id: string) => `#/thing/${encodeURIComponent(id)}`;

function row(one: api.Thing): HTMLElement {
  const stale = isStale(one.observedAt);
  const mark = markPicture({ condition: one.condition, stale, count: 1 });
  const observed = one.observedAt
    ? make("time", { datetime: one.observedAt, title: time(one.observedAt) }, age(one.observedAt))
    : make("span", {}, "–");
  return make(
    "tr",
    { class: stale ? "stale" : undefined },
    make("td", {}, mark, " ", conditionWord(one.condition)),
    make("td", {}, make("a", { href: linkTo(one.id) }, nameOf(one))),
    make("td", {}, typeLabel(one.type)),
    make("td", {}, observed, stale ? ` · ${say("stale")}` : ""),
  );
}
