// Keeps the crew's page itself, so that it opens without a network. Data are never kept here.
const NAME = "samstad-crew-1";
const PARTS = ["/waste/v1/crew", "/waste/v1/crew/crew.js", "/waste/v1/crew/crew.css"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(PARTS)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET" || !PARTS.includes(path)) return;
  event.respondWith(
    fetch(event.request)
      .then((answer) => {
        const kept = answer.clone();
        if (answer.ok) event.waitUntil(caches.open(NAME).then((cache) => cache.put(path, kept)));
        return answer;
      })
      .catch(() => caches.match(path)),
  );
});
