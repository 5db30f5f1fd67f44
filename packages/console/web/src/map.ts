// The live map: vector tiles of the node itself, marks by condition, changes without loading tiles anew.

import { Map as MapLibre, NavigationControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { drawMark } from "./marks";
import { isStale, say } from "./words";
import type { Change } from "./stream";

setWorkerUrl(workerUrl);

const SOURCE = "things";
const SETTLE_MS = 1_500;
const SCALE = 2;
const DARK = matchMedia("(prefers-color-scheme: dark)");
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export interface BaseMap {
  template: string;
  credit: string;
}

export class CityMap {
  private readonly map: MapLibre;
  private types: string[] | null = null;
  private settling: number | undefined;

  constructor(
    place: HTMLElement,
    bounds: [number, number, number, number] | null,
    baseMap: BaseMap,
    chosen: (id: string) => void,
  ) {
    this.map = new MapLibre({
      container: place,
      style: style(baseMap),
      attributionControl: baseMap.credit ? { compact: false } : false,
      fadeDuration: STILL.matches ? 0 : 150,
      ...(bounds ? { bounds: padded(bounds), fitBoundsOptions: { padding: 40 } } : { center: [18.07, 59.33], zoom: 10 }),
    });
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.getCanvas().setAttribute("aria-label", say("mapHelp"));
    this.map.setMissingStyleImageResolver((name) => {
      if (name.startsWith("mark:") && !this.map.hasImage(name)) {
        this.map.addImage(name, drawMark(name, SCALE), { pixelRatio: SCALE });
      }
    });
    this.map.on("load", () => this.show());
    this.map.on("click", SOURCE, (event) => {
      const found = event.features?.[0];
      const entity = found?.properties["entity"] as string | undefined;
      if (entity) chosen(entity);
      else if (found) this.map.easeTo({ center: event.lngLat, zoom: this.map.getZoom() + 2, animate: !STILL.matches });
    });
    this.map.on("mouseenter", SOURCE, () => (this.map.getCanvas().style.cursor = "pointer"));
    this.map.on("mouseleave", SOURCE, () => (this.map.getCanvas().style.cursor = ""));
  }

  private tiles(): string[] {
    const wished = this.types === null ? "" : `?type=${encodeURIComponent(this.types.join(","))}`;
    return [`${new URL("../tiles", location.href).href}/{z}/{x}/{y}${wished}`];
  }

  private show(): void {
    this.map.addSource(SOURCE, { type: "vector", tiles: this.tiles(), maxzoom: 18 });
    this.map.addLayer({
      id: SOURCE,
      type: "symbol",
      source: SOURCE,
      "source-layer": "things",
      layout: {
        "icon-image": [
          "concat",
          "mark:",
          ["get", "condition"],
          ":",
          ["case", ["all", ["has", "observed"], ["!=", ["get", "observed"], ""], ["<", ["get", "observed"], staleBefore()]], "1", "0"],
          ":",
          ["case", ["has", "count"], ["case", ["<", ["get", "count"], 1000], ["to-string", ["get", "count"]], ["concat", ["to-string", ["round", ["/", ["get", "count"], 1000]]], "k"]], ""],
        ],
        "icon-allow-overlap": true,
        "symbol-sort-key": ["get", "condition"],
      },
    });
  }

  choose(types: string[] | null): void {
    this.types = types;
    this.reload();
  }

  reload(): void {
    const source = this.map.getSource(SOURCE) as { setTiles?: (tiles: string[]) => void } | undefined;
    source?.setTiles?.(this.tiles());
  }

  // Tiles are asked for again at most every now and then, however much changes; those without a change cost a 304.
  changed(found: Change[]): void {
    if (found.length === 0 || this.settling !== undefined) return;
    this.settling = window.setTimeout(() => {
      this.settling = undefined;
      if (!document.hidden) this.reload();
    }, SETTLE_MS);
  }

  go(location: [number, number]): void {
    this.map.easeTo({ center: location, zoom: Math.max(this.map.getZoom(), 16), animate: !STILL.matches });
  }

  resize(): void {
    this.map.resize();
  }
}

function staleBefore(): string {
  for (let hours = 1; ; hours += 1) {
    const iso = new Date(Date.now() - hours * 3_600_000).toISOString();
    if (isStale(iso) || hours > 8_760) return iso;
  }
}

function padded([west, south, east, north]: [number, number, number, number]): [number, number, number, number] {
  const least = 0.002;
  return [west - least, south - least, east + least, north + least];
}

function style(baseMap: BaseMap): StyleSpecification {
  const background = DARK.matches ? "#10151c" : "#e8ecef";
  const made: StyleSpecification = {
    version: 8,
    sources: {},
    layers: [{ id: "ground", type: "background", paint: { "background-color": background } }],
  };
  if (baseMap.template) {
    made.sources["base"] = { type: "raster", tiles: [baseMap.template], tileSize: 256, attribution: baseMap.credit };
    made.layers.push({ id: "base", type: "raster", source: "base" });
  }
  return made;
}
