// The crew's page: routes from the node, reports to it. Every report is kept on the device before it is sent,
// and leaves the device only when the node has said what became of it; it carries an id, so that sending it
// twice is the same as once.
const TEXTS = {
  sv: { title: "Tömning", key: "Nyckel", open: "Öppna", vehicle: "Bil", weighing: "Vågsedel", gross: "Brutto, kg",
        tare: "Tara, kg", save: "Spara", cancel: "Avbryt", why: "Varför hoppas den över?", reason: "Skäl", note: "Anteckning",
        emptied: "Tömd", partial: "Delvis", skipped: "Hoppa över", go: "Kör dit", unload: "Lossning", break: "Rast",
        start: "Start", end: "Hem", offline: "Utan nät", waiting: "väntar på att skickas", sent: "Allt är skickat",
        none: "Ingen plan gäller.", refused: "Noden tog inte emot", of: "av", done: "klara",
        blocked: "Blockerad", locked: "Låst", broken: "Trasig", dangerous: "Farligt", notFound: "Finns inte",
        notFull: "Inte full", other: "Annat", withdrawn: "Ändrad" },
  en: { title: "Collection", key: "Key", open: "Open", vehicle: "Vehicle", weighing: "Weigh ticket", gross: "Gross, kg",
        tare: "Tare, kg", save: "Save", cancel: "Cancel", why: "Why is it skipped?", reason: "Reason", note: "Note",
        emptied: "Emptied", partial: "Partly", skipped: "Skip", go: "Drive there", unload: "Unloading", break: "Break",
        start: "Start", end: "Home", offline: "No network", waiting: "waiting to be sent", sent: "All is sent",
        none: "No plan is in force.", refused: "The node did not take", of: "of", done: "done",
        blocked: "Blocked", locked: "Locked", broken: "Broken", dangerous: "Dangerous", notFound: "Not there",
        notFull: "Not full", other: "Other", withdrawn: "Changed" },
};
const LANGUAGE = new URLSearchParams(location.search).get("lang") === "en" ? "en" : "sv";
const TEXT = TEXTS[LANGUAGE];
const REASONS = ["blocked", "locked", "broken", "dangerous", "notFound", "notFull", "other"];
const BASE = "/waste/v1";
const element = (id) => document.getElementById(id);
let key = "";
let routes = read("samstad-crew-routes", []);
let isOnline = true;
let isSending = false;

function read(name, otherwise) {
  try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
}
const queue = () => read("samstad-crew-queue", []);
function keep(list) { localStorage.setItem("samstad-crew-queue", JSON.stringify(list)); }

function headers() {
  const found = { Accept: "application/json", "Content-Type": "application/json" };
  if (key) found["X-API-Key"] = key;
  const csrf = document.cookie.match(/(?:^|; )samstad_csrf=([^;]+)/);
  if (csrf) found["X-CSRF-Token"] = decodeURIComponent(csrf[1]);
  return found;
}

async function ask(path, options = {}) {
  const answer = await fetch(BASE + path, { ...options, headers: headers(), credentials: "same-origin" });
  if (answer.status === 401 || answer.status === 403) element("login").hidden = false;
  if (!answer.ok) throw new Refusal(answer.status, (await answer.json().catch(() => ({}))).detail ?? "");
  return answer.json();
}
class Refusal extends Error {
  constructor(status, detail) { super(`${status} ${detail}`); this.status = status; }
}

function tell() {
  const waiting = queue().length;
  const state = element("state");
  state.dataset.waiting = String(waiting > 0);
  const net = isOnline ? "" : `${TEXT.offline}. `;
  state.textContent = net + (waiting ? `${waiting} ${TEXT.waiting}` : TEXT.sent);
}

async function load() {
  try {
    routes = (await ask("/crew/routes")).routes;
    localStorage.setItem("samstad-crew-routes", JSON.stringify(routes));
    element("login").hidden = true;
    isOnline = true;
  } catch (error) { isOnline = error instanceof Refusal; }
  show();
}

async function send() {
  if (isSending) return;
  isSending = true;
  try {
    for (let list = queue(); list.length; list = queue()) {
      const part = list.slice(0, 100);
      const bodyOf = (kind) => part.filter((one) => one.kind === kind).map((one) => one.body);
      const body = { reports: bodyOf("report"), weighings: bodyOf("weighing") };
      const { outcomes } = await ask("/crew/reports", { method: "POST", body: JSON.stringify(body) });
      const refused = Object.entries(outcomes).filter(([, outcome]) => typeof outcome === "object");
      if (refused.length) element("trouble").textContent = `${TEXT.refused}: ${refused[0][1].refused}`;
      const answered = new Set(Object.keys(outcomes));
      keep(queue().filter((one) => !answered.has(one.body.id)));
      if (!answered.size) break;
    }
    isOnline = true;
  } catch (error) {
    isOnline = error instanceof Refusal;
    if (isOnline && error.status < 500 && error.status !== 401) element("trouble").textContent = error.message;
  } finally { isSending = false; tell(); }
}

function note(kind, body) {
  keep([...queue(), { kind, body: { id: crypto.randomUUID(), at_us: Date.now() * 1000, ...body } }]);
  show();
  send().then(load);
}

const latest = () => new Map(queue().filter((one) => one.kind === "report").map((one) => [one.body.stop, one.body]));
const statusOf = (stop, told) => told.get(stop.id)?.outcome ?? stop.status;

function made(tag, members = {}, ...children) {
  const found = Object.assign(document.createElement(tag), members);
  found.append(...children);
  return found;
}

function button(stop, outcome) {
  const found = made("button", { type: "button", textContent: TEXT[outcome] });
  found.setAttribute("aria-label", `${TEXT[outcome]}: ${stop.name}`);
  found.addEventListener("click", () => (outcome === "skipped" ? skip(stop) : note("report", { stop: stop.id, outcome })));
  return found;
}

function skip(stop) {
  const dialog = element("skip");
  element("note").value = "";
  dialog.returnValue = "cancel";
  dialog.onclose = () => {
    if (dialog.returnValue !== "save") return;
    note("report", { stop: stop.id, outcome: "skipped", reason: element("reason").value, note: element("note").value });
  };
  dialog.showModal();
}

const clock = (us) => new Date(us / 1000).toLocaleTimeString(LANGUAGE, { hour: "2-digit", minute: "2-digit" });

function item(stop, status, isNext) {
  const found = made("li");
  found.dataset.status = status;
  found.dataset.next = String(isNext);
  found.dataset.stop = stop.id;
  const title = stop.kind === "stop" ? stop.name : `${TEXT[stop.kind]} ${stop.kind === "unload" ? stop.name : ""}`;
  const level = stop.level === null ? "" : ` · ${Math.round(100 * stop.level)} %`;
  const state = status === "planned" ? "" : ` · ${TEXT[status] ?? status}`;
  found.append(made("span", { className: "name", textContent: title }), `  ${clock(stop.arrive_us)}${level}${state}`);
  if (stop.kind === "stop" && status === "planned") {
    const way = made("a", { href: `geo:${stop.place[1]},${stop.place[0]}`, textContent: TEXT.go });
    found.append(made("div", { className: "actions" }, button(stop, "emptied"), button(stop, "partial"), button(stop, "skipped"), way));
  }
  return found;
}

function draw(stops, told) {
  const map = element("map");
  map.replaceChildren();
  if (!stops.length) return;
  const [lons, lats] = [0, 1].map((axis) => stops.map((stop) => stop.place[axis]));
  const width = Math.max(...lons) - Math.min(...lons) || 0.001;
  const height = Math.max(...lats) - Math.min(...lats) || 0.001;
  const scale = Math.min(300 / (width * 0.55), 180 / height);
  const at = (stop) => [10 + (stop.place[0] - Math.min(...lons)) * 0.55 * scale, 190 - (stop.place[1] - Math.min(...lats)) * scale];
  const drawn = (name, attributes) => {
    const found = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [attribute, value] of Object.entries(attributes)) found.setAttribute(attribute, value);
    map.append(found);
  };
  drawn("path", { d: `M${stops.map((stop) => at(stop).map((value) => value.toFixed(1)).join(" ")).join("L")}` });
  for (const stop of stops) {
    const [x, y] = at(stop);
    drawn("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 4, class: statusOf(stop, told) === "planned" ? "" : "done" });
  }
}

function show() {
  const select = element("route");
  const chosen = select.value || read("samstad-crew-route", "");
  select.replaceChildren(...routes.map((route) => new Option(`${route.name} · ${route.day}`, route.id)));
  if (routes.some((route) => route.id === chosen)) select.value = chosen;
  const route = routes.find((one) => one.id === select.value);
  const told = latest();
  const stops = route?.stops ?? [];
  const open = stops.filter((stop) => stop.kind === "stop" && statusOf(stop, told) === "planned");
  element("stops").replaceChildren(...stops.map((stop) => item(stop, statusOf(stop, told), stop === open[0])));
  const all = stops.filter((stop) => stop.kind === "stop").length;
  element("progress").textContent = route ? `${all - open.length} ${TEXT.of} ${all} ${TEXT.done}` : TEXT.none;
  draw(stops, told);
  tell();
}

document.documentElement.lang = LANGUAGE;
element("title").textContent = TEXT.title;
for (const one of document.querySelectorAll("[data-text]")) one.textContent = TEXT[one.dataset.text];
element("reason").append(...REASONS.map((name) => new Option(TEXT[name], name)));
element("route").addEventListener("change", () => {
  localStorage.setItem("samstad-crew-route", JSON.stringify(element("route").value));
  show();
});
element("login").addEventListener("submit", (event) => {
  event.preventDefault();
  key = element("key").value.trim();
  send().then(load);
});
element("weigh").addEventListener("submit", (event) => {
  event.preventDefault();
  const route = routes.find((one) => one.id === element("route").value);
  const kilos = (id) => Number(element(id).value);
  note("weighing", { vehicle: route?.vehicle ?? "", plan: route?.plan ?? "", gross_kg: kilos("gross"), tare_kg: kilos("tare") });
  event.target.reset();
});
addEventListener("online", () => send().then(load));
addEventListener("offline", () => { isOnline = false; tell(); });
setInterval(() => send().then(load), 20000);
if ("serviceWorker" in navigator) navigator.serviceWorker.register(`${BASE}/crew/worker.js`, { scope: `${BASE}/crew` }).catch(() => {});
show();
send().then(load);
