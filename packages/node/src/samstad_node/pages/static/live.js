// The start page: entities of one type, and changes as they are committed. The key stays in this module.
const LANGUAGE = document.documentElement.lang;
const TEXTS = {
  sv: { shown: "entiteter visas", refused: "Noden svarar", broken: "Förbindelsen bröts; försöker igen.",
        loggedOut: "Nyckeln gäller inte.", gap: "Ändringar saknas; listan läses om.", empty: "Här finns inga entiteter." },
  en: { shown: "entities shown", refused: "The node answers", broken: "The connection broke; trying again.",
        loggedOut: "The key does not count.", gap: "Changes are missing; reading anew.", empty: "There are no entities." },
}[LANGUAGE];
const CONTEXT = "https://w3id.org/samstad/context/v1/city.jsonld";
const MOST_ROWS = 50;
const element = (id) => document.getElementById(id);
let key = "";
let lastEvent = "";
let paused = false;
let stream = null;

const tell = (text) => { element("status").textContent = text; };

function headers() {
  const found = {
    Accept: "application/json",
    Link: `<${CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`,
  };
  if (key) found["X-API-Key"] = key;
  return found;
}

async function ask(path) {
  const answer = await fetch(`/ngsi-ld/v1${path}`, { headers: headers(), credentials: "same-origin" });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(`${TEXTS.refused} ${answer.status}. ${problem.detail ?? ""}`);
  }
  return answer.json();
}

function row(cells) {
  const made = document.createElement("tr");
  for (const text of cells) {
    const cell = document.createElement("td");
    cell.textContent = text;
    made.append(cell);
  }
  return made;
}

const shown = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
const values = (attributes) =>
  Object.entries(attributes)
    .filter(([name]) => !["id", "type", "name", "location", "owner", "@context"].includes(name))
    .map(([name, value]) => `${name}: ${shown(value)}`)
    .join(", ");

async function showTypes() {
  const found = await ask("/types");
  const select = element("type");
  const before = select.value;
  select.replaceChildren(...found.typeList.map((name) => new Option(name, name)));
  if (found.typeList.includes(before)) select.value = before;
}

async function showEntities() {
  const type = element("type").value;
  if (!type) { tell(TEXTS.empty); return; }
  const found = await ask(`/entities?type=${encodeURIComponent(type)}&limit=${MOST_ROWS}&format=simplified`);
  const rows = found.map((entity) => row([entity.id, entity.name ?? "", values(entity)]));
  element("entities").tBodies[0].replaceChildren(...rows);
  tell(`${found.length} ${TEXTS.shown}`);
}

function showChange(kind, change) {
  const time = new Date(change.timeUs / 1000).toLocaleTimeString(LANGUAGE);
  const body = element("changes").tBodies[0];
  body.prepend(row([time, change.id, kind === "delete" ? "–" : values(change.attributes)]));
  while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
}

function take(block) {
  const fields = Object.fromEntries(
    block.split("\n").filter((line) => line && !line.startsWith(":")).map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trimStart()];
    }),
  );
  if (fields.id) lastEvent = fields.id;
  if (fields.event === "logged-out") { stream?.abort(); tell(TEXTS.loggedOut); return; }
  if (fields.event === "gap") { tell(TEXTS.gap); showEntities().catch((error) => tell(error.message)); return; }
  if (fields.data && !paused) showChange(fields.event, JSON.parse(fields.data));
}

async function read(signal) {
  const extra = lastEvent ? { "Last-Event-ID": lastEvent } : {};
  const answer = await fetch("/live", { headers: { ...headers(), ...extra, Accept: "text/event-stream" }, signal });
  if (answer.status === 401) { stream.abort(); tell(TEXTS.loggedOut); return; }
  if (!answer.ok) throw new Error(`${TEXTS.refused} ${answer.status}.`);
  let waiting = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (waiting + part.value).split("\n\n");
    waiting = blocks.pop();
    blocks.forEach(take);
  }
}

async function follow() {
  stream?.abort();
  const mine = (stream = new AbortController());
  while (!mine.signal.aborted) {
    try {
      await read(mine.signal);
    } catch (error) {
      if (!mine.signal.aborted) tell(TEXTS.broken);
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

async function show() {
  await showTypes();
  await showEntities();
}

element("login").addEventListener("submit", (event) => {
  event.preventDefault();
  key = element("key").value.trim();
  show().then(follow).catch((error) => tell(error.message));
});
element("type").addEventListener("change", () => showEntities().catch((error) => tell(error.message)));
element("pause").addEventListener("click", () => {
  paused = !paused;
  element("pause").setAttribute("aria-pressed", String(paused));
});
show().then(follow).catch(() => {});
