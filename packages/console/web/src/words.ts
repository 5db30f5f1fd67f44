// Texts in the reader's language, labels of the city's models, and times as people say them.

type Language = "sv" | "en";

interface Attribute {
  labels: Record<string, string>;
  help: Record<string, string>;
  unit: string | null;
}

interface Words {
  words: Record<Language, Record<string, unknown>>;
  types: Record<string, { labels: Record<string, string>; attributes: Record<string, Attribute> }>;
  staleHours: number;
  baseMap: string;
  baseMapCredit: string;
}

const KEPT = "samstad.language";
let loaded: Words | null = null;
export let language: Language = "sv";

export async function loadWords(): Promise<Words> {
  const answer = await fetch("words");
  loaded = (await answer.json()) as Words;
  const kept = localStorage.getItem(KEPT);
  const wished = navigator.languages.map((one) => one.slice(0, 2)).find((one) => one === "sv" || one === "en");
  language = kept === "sv" || kept === "en" ? kept : wished === "en" ? "en" : "sv";
  document.documentElement.lang = language;
  return loaded;
}

export function switchLanguage(): void {
  localStorage.setItem(KEPT, language === "sv" ? "en" : "sv");
  location.reload();
}

export function say(name: string): string {
  const found = loaded?.words[language][name];
  return typeof found === "string" ? found : name;
}

export function sayOf(name: string, key: string | number): string {
  const table = loaded?.words[language][name] as Record<string | number, string> | undefined;
  return table?.[key] ?? String(key);
}

export const conditionWord = (condition: number) => sayOf("conditions", condition);

// A type that the models do not know goes by the last part of its name.
export const typeLabel = (type: string) => loaded?.types[type]?.labels[language] ?? type.split("/").at(-1) ?? type;

export function attributeOf(type: string, name: string): { label: string; help: string; unit: string | null } {
  const found = loaded?.types[type]?.attributes[name];
  return { label: found?.labels[language] ?? name, help: found?.help[language] ?? "", unit: found?.unit ?? null };
}

export function nameOf(one: { id: string; names: Record<string, string> }): string {
  return one.names[language] ?? one.names[""] ?? Object.values(one.names)[0] ?? one.id.split(":").at(-1) ?? one.id;
}

export const isStale = (observedAt: string) =>
  observedAt !== "" && Date.now() - Date.parse(observedAt) > (loaded?.staleHours ?? 24) * 3_600_000;

export function age(iso: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  if (seconds < 120) return `${seconds} ${sayOf("ago", "s")}`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} ${sayOf("ago", "min")}`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} ${sayOf("ago", "h")}`;
  return `${Math.round(seconds / 86_400)} ${sayOf("ago", "d")}`;
}

// A DateTime comes as it is, or in JSON-LD's typed form; anything else is no time.
export function timeIn(value: unknown): string {
  const text = typeof value === "object" && value !== null && "@value" in value ? value["@value"] : value;
  return typeof text === "string" && !Number.isNaN(Date.parse(text)) ? text : "";
}

export const time = (iso: string) =>
  new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" }).format(new Date(iso));

export const number = (value: number) => new Intl.NumberFormat(language, { maximumFractionDigits: 3 }).format(value);
