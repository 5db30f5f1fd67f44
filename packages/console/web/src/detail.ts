// One entity: made from its model, whatever type it is. Values with units and age, history, relations, alerts.

import * as api from "./api";
import { alertTable } from "./alerts";
import { chart, type Point } from "./chart";
import { make } from "./dom";
import { linkTo } from "./list";
import { markPicture } from "./marks";
import { age, attributeOf, conditionWord, isStale, nameOf, number, say, time, timeIn, typeLabel, language } from "./words";

const CORE = new Set(["id", "type", "@context", "name", "location", "createdAt", "modifiedAt", "scope"]);
const HOURS = [6, 24, 168];

export async function detail(id: string, showOnMap: (location: [number, number]) => void): Promise<HTMLElement> {
  const [entity, known] = await Promise.all([api.entity(id), api.thing(id).catch(() => null)]);
  const type = [entity.type].flat()[0] ?? "";
  const attributes = Object.entries(entity).filter(([name]) => !CORE.has(name));
  const related = attributes.flatMap(([name, found]) => relations(type, name, found));
  const section = make(
    "section",
    { class: "detail", "aria-labelledby": "thing" },
    make("p", {}, make("a", { href: "#/" }, `← ${say("back")}`)),
    make("h2", { id: "thing", tabindex: -1 }, known ? nameOf(known) : id),
    make("p", { class: "what" }, typeLabel(type), " · ", make("code", {}, id)),
    known && condition(known, showOnMap),
    values(id, type, attributes),
    related.length > 0 && make("h3", {}, say("relations")),
    related.length > 0 && make("ul", {}, ...related),
    await alertsAbout(id),
  );
  return section;
}

function condition(known: api.Thing, showOnMap: (location: [number, number]) => void): HTMLElement {
  const stale = isStale(known.observedAt);
  return make(
    "p",
    { class: "condition" },
    markPicture({ condition: known.condition, stale, count: 1 }),
    ` ${conditionWord(known.condition)}`,
    stale ? ` · ${say("stale")}` : "",
    " ",
    make("button", { type: "button", click: () => showOnMap(known.location) }, say("showOnMap")),
  );
}

const instances = (found: unknown) => [found].flat().filter((one) => typeof one === "object" && one !== null) as api.Instance[];

function values(id: string, type: string, attributes: [string, unknown][]): HTMLElement {
  const head = ["attribute", "value", "age", "history"].map((one) => make("th", { scope: "col" }, say(one)));
  const rows = attributes.flatMap(([name, found]) =>
    instances(found)
      .filter((one) => one.object === undefined)
      .map((one) => valueRow(id, type, name, one)),
  );
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function valueRow(id: string, type: string, name: string, one: api.Instance): HTMLElement {
  const { label, help, unit } = attributeOf(type, name);
  const at = one.observedAt ?? one.modifiedAt;
  const when = at ? make("time", { datetime: at, title: time(at) }, age(at)) : "–";
  const place = make("td");
  if (typeof one.value === "number") place.append(historyButton(id, name, label, place));
  return make(
    "tr",
    {},
    make("th", { scope: "row", title: help }, label, one.datasetId ? ` (${one.datasetId})` : ""),
    make("td", {}, shown(one), unitShown(one.unitCode ?? unit)),
    make("td", {}, when),
    place,
  );
}

function shown(one: api.Instance): string {
  const value = one.languageMap?.[language] ?? one.languageMap ?? one.value;
  if (typeof value === "number") return number(value);
  if (typeof value === "object" && timeIn(value)) return time(timeIn(value));
  if (typeof value === "string") return value;
  return JSON.stringify(value ?? null);
}

const UNITS: Record<string, string> = {
  P1: "%", CEL: "°C", MTR: "m", CMT: "cm", MMT: "mm", KMT: "km", KMH: "km/h", MTS: "m/s", WTT: "W", KWT: "kW", KWH: "kWh",
  VLT: "V", AMP: "A", HTZ: "Hz", LUX: "lx", SEC: "s", MIN: "min", HUR: "h", DAY: "d", LTR: "l", KGM: "kg", DD: "°", DBM: "dBm",
  C62: "", GP: "mg/m³", GQ: "µg/m³", "59": "ppm", A97: "hPa", MBR: "mbar",
};

const unitShown = (code: string | null | undefined) => (code ? ` ${UNITS[code] ?? code}` : "");

function historyButton(id: string, name: string, label: string, place: HTMLElement): HTMLElement {
  return make("button", { type: "button", click: () => void showHistory(id, name, label, place, 24) }, say("showHistory"));
}

async function showHistory(id: string, name: string, label: string, place: HTMLElement, hours: number): Promise<void> {
  const row = place.closest("tr");
  const cell = make("td", { colspan: 4 });
  const made = make("tr", { class: "history" }, cell);
  if (row?.nextElementSibling?.classList.contains("history")) row.nextElementSibling.remove();
  row?.after(made);
  const choices = HOURS.map((one) =>
    make("button", { type: "button", "aria-pressed": String(one === hours), click: () => void showHistory(id, name, label, place, one) },
      `${one} ${say("hours")}`),
  );
  cell.append(make("p", { class: "choices" }, ...choices));
  try {
    cell.append(chart(await points(id, name, hours), label));
  } catch (error) {
    cell.append(make("p", { role: "alert" }, `${say("failed")}: ${(error as Error).message}`));
  }
}

async function points(id: string, name: string, hours: number): Promise<Point[]> {
  try {
    const found = await api.history(id, name, new Date(Date.now() - hours * 3_600_000));
    return instances(found[name])
      .flatMap((one) => (typeof one.value === "number" && one.observedAt ? [{ at: one.observedAt, value: one.value }] : []))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  } catch (error) {
    if (error instanceof api.Refused && error.status === 404) return [];
    throw error;
  }
}

function relations(type: string, name: string, found: unknown): HTMLElement[] {
  return instances(found)
    .flatMap((one) => [one.object ?? []].flat())
    .map((target) => make("li", {}, `${attributeOf(type, name).label}: `, make("a", { href: linkTo(target) }, target)));
}

async function alertsAbout(id: string): Promise<HTMLElement> {
  const found = await api
    .entities({ type: "Alert", q: `alertSource=="${id}"`, limit: 50, options: "keyValues" })
    .catch(() => []);
  if (found.length === 0) return make("div");
  return make("div", {}, make("h3", {}, say("about")), alertTable(found, () => void 0));
}
