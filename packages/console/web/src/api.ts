// Asks the node, with the session's cookie; what it refuses becomes an error that says why.

const CONTEXT = "https://w3id.org/samstad/context/v1/city.jsonld";
const CONTEXT_LINK = `<${CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`;
const CSRF_COOKIE = "samstad_csrf";

export type Value = string | number | boolean;

export interface Thing {
  row: number;
  id: string;
  type: string;
  names: Record<string, string>;
  location: [number, number];
  condition: number;
  observedAt: string;
  values: Record<string, Value>;
}

export interface Summary {
  conditions: string[];
  types: Record<string, number[]>;
  bounds: [number, number, number, number] | null;
  last: number;
}

export interface Instance {
  type: string;
  value?: unknown;
  object?: string | string[];
  languageMap?: Record<string, string>;
  observedAt?: string;
  modifiedAt?: string;
  unitCode?: string;
  datasetId?: string;
}

export type Entity = { id: string; type: string | string[] } & Record<string, unknown>;

export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

function csrf(): string {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${CSRF_COOKIE}=`));
  return found ? found.slice(CSRF_COOKIE.length + 1) : "";
}

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Accept", headers.get("Accept") ?? "application/json");
  if (init.method && init.method !== "GET") headers.set("X-CSRF-Token", csrf());
  const answer = await fetch(path, { ...init, headers, credentials: "same-origin" });
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string; title?: string };
  throw new Refused(answer.status, problem.detail ?? problem.title ?? String(answer.status));
}

async function read<T>(path: string, headers: Record<string, string> = {}): Promise<T> {
  return (await send(path, { headers })).json() as Promise<T>;
}

const query = (given: Record<string, string | number>) =>
  new URLSearchParams(Object.entries(given).map(([name, value]) => [name, String(value)])).toString();

export const summary = () => read<Summary>("../summary");

export const things = (given: Record<string, string | number>) =>
  read<{ total: number; things: Thing[] }>(`../things?${query(given)}`);

export const thing = (id: string) => read<Thing>(`../things/${encodeURIComponent(id)}`);

export const entity = (id: string) =>
  read<Entity>(`/ngsi-ld/v1/entities/${encodeURIComponent(id)}`, { Link: CONTEXT_LINK });

export const entities = (given: Record<string, string | number>) =>
  read<Entity[]>(`/ngsi-ld/v1/entities?${query(given)}`, { Link: CONTEXT_LINK });

export const history = (id: string, attribute: string, from: Date) =>
  read<Entity>(
    `/ngsi-ld/v1/temporal/entities/${encodeURIComponent(id)}?` +
      query({ attrs: attribute, timerel: "after", timeAt: from.toISOString(), lastN: 1000 }),
    { Link: CONTEXT_LINK },
  );

export async function change(id: string, attributes: Record<string, unknown>): Promise<void> {
  await send(`/ngsi-ld/v1/entities/${encodeURIComponent(id)}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/ld+json" },
    body: JSON.stringify({ ...attributes, "@context": [CONTEXT] }),
  });
}

export const me = () => read<{ id: string }>("/access/v1/me");

export async function logIn(name: string, password: string): Promise<void> {
  await send("/access/v1/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password }),
  });
}

export async function logOut(): Promise<void> {
  await send("/access/v1/logout", { method: "POST" });
}
