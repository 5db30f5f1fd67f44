// The frame: who is in, what is shown, and the one stream that tells of changes.

import "./style.css";
import * as api from "./api";
import { AlertDesk } from "./alerts";
import { detail } from "./detail";
import { make } from "./dom";
import { List } from "./list";
import { CityMap } from "./map";
import { COLOURS, markPicture } from "./marks";
import { listen } from "./stream";
import { language, loadWords, number, say, switchLanguage, typeLabel, conditionWord } from "./words";

const app = document.getElementById("app") as HTMLElement;

async function begin(): Promise<void> {
  const words = await loadWords();
  document.title = `${say("title")} · samstad`;
  try {
    const [summary, me] = await Promise.all([api.summary(), api.me().catch(() => ({ id: "" }))]);
    new Console(summary, me.id, { template: words.baseMap, credit: words.baseMapCredit });
  } catch (error) {
    if (error instanceof api.Refused && (error.status === 401 || error.status === 403)) askToLogIn();
    else app.replaceChildren(make("main", {}, make("p", { role: "alert" }, (error as Error).message)));
  }
}

function askToLogIn(): void {
  const name = make("input", { id: "name", autocomplete: "username", required: true });
  const password = make("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
  const status = make("p", { role: "alert" });
  const submit = (event: Event) => {
    event.preventDefault();
    api.logIn(name.value, password.value).then(
      () => location.reload(),
      (error: Error) => (status.textContent = error.message),
    );
  };
  app.replaceChildren(
    make(
      "main",
      { class: "login" },
      make("h1", {}, say("logIn")),
      make("p", {}, say("notLoggedIn")),
      make("form", { submit },
        make("label", { for: "name" }, say("name")), name,
        make("label", { for: "password" }, say("password")), password,
        make("button", { type: "submit" }, say("logIn"))),
      status,
      make("button", { type: "button", class: "plain", click: switchLanguage }, say("language")),
    ),
  );
}

class Console {
  private readonly map: CityMap;
  private readonly list = new List(new URLSearchParams(location.search));
  private readonly desk = new AlertDesk();
  private readonly side = make("div", { class: "side", id: "main", tabindex: -1 });
  private readonly mapPlace = make("div", { class: "map" });
  private readonly state = make("p", { role: "status", class: "state" }, say("live"));

  constructor(summary: api.Summary, who: string, baseMap: { template: string; credit: string }) {
    app.replaceChildren(
      make("a", { href: "#main", class: "skip", click: () => this.side.focus() }, say("skip")),
      this.header(who),
      make("main", {}, this.mapSection(summary), this.side),
    );
    this.map = new CityMap(this.mapPlace, summary.bounds, baseMap, (id) => (location.hash = `#/thing/${encodeURIComponent(id)}`));
    addEventListener("hashchange", () => void this.route());
    void this.route();
    listen(summary.last, {
      changes: (found) => {
        this.map.changed(found);
        this.list.changed();
        if (found.some((one) => one.type === "Alert")) this.desk.changed();
      },
      lost: () => {
        this.state.textContent = say("lost");
        this.map.reload();
        void this.list.load();
      },
      state: (live) => {
        this.state.textContent = say(live ? "live" : "broken");
        this.state.classList.toggle("broken", !live);
      },
    });
  }

  private header(who: string): HTMLElement {
    const leave = () => void api.logOut().then(() => location.reload());
    return make(
      "header",
      {},
      make("h1", {}, say("title")),
      make("nav", { "aria-label": say("menu") },
        make("a", { href: "#/" }, say("list")),
        make("a", { href: "#/alerts" }, say("alerts"))),
      this.state,
      make("span", { class: "who" }, who),
      make("button", { type: "button", class: "plain", click: leave }, say("logOut")),
      make("button", { type: "button", class: "plain", lang: language === "sv" ? "en" : "sv", click: switchLanguage }, say("language")),
    );
  }

  private mapSection(summary: api.Summary): HTMLElement {
    return make("section", { class: "city", "aria-label": say("map") }, this.layers(summary), this.mapPlace, legend());
  }

  private layers(summary: api.Summary): HTMLElement {
    const chosen = new Map<string, HTMLInputElement>();
    const apply = () => {
      const types = [...chosen].filter(([, box]) => box.checked).map(([type]) => type);
      const all = types.length === chosen.size;
      this.map.choose(all ? null : types);
      this.list.choose(all ? null : types);
    };
    const boxes = Object.entries(summary.types).map(([type, counts]) => {
      const box = make("input", { type: "checkbox", checked: true, change: apply });
      chosen.set(type, box);
      const total = counts.reduce((sum, one) => sum + one, 0);
      return make("label", { class: "choice" }, box, `${typeLabel(type)} (${number(total)})`);
    });
    return make("details", { class: "layers", open: innerWidth > 700 }, make("summary", {}, say("types")), ...boxes);
  }

  private async route(): Promise<void> {
    const [, where = "", what = ""] = location.hash.split("/");
    if (where === "thing" && what) {
      await this.showThing(decodeURIComponent(what));
    } else if (where === "alerts") {
      this.side.replaceChildren(make("h2", {}, say("alerts")), this.desk.place);
      await this.desk.load();
    } else {
      this.side.replaceChildren(make("h2", {}, say("list")), this.list.place);
      await this.list.load();
    }
  }

  private async showThing(id: string): Promise<void> {
    try {
      const made = await detail(id, (place) => this.map.go(place));
      this.side.replaceChildren(made);
      made.querySelector<HTMLElement>("h2")?.focus();
    } catch (error) {
      const back = make("a", { href: "#/" }, say("back"));
      this.side.replaceChildren(make("p", { role: "alert" }, (error as Error).message), make("p", {}, back));
    }
  }
}

function legend(): HTMLElement {
  const rows = COLOURS.map((_, condition) =>
    make("li", {}, markPicture({ condition, stale: false, count: 1 }), ` ${conditionWord(condition)}`),
  );
  const stale = make("li", {}, markPicture({ condition: 1, stale: true, count: 1 }), ` ${say("stale")}`);
  const open = innerWidth > 700;
  return make("details", { class: "legend", open }, make("summary", {}, say("condition")), make("ul", {}, ...rows, stale));
}

void begin();
