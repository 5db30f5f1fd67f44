// A line of one attribute over time, with its numbers as a file; a table says the same for those who cannot see it.

import { draw, make } from "./dom";
import { number, say, time } from "./words";

export interface Point {
  at: string;
  value: number;
}

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 56;
const FOOT = 24;

export function chart(points: Point[], label: string): HTMLElement {
  if (points.length === 0) return make("p", {}, say("noHistory"));
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "chart" });
  svg.append(draw("title", {}, document.createTextNode(summary(points, label))));
  svg.append(...axes(points), line(points));
  return make("figure", {}, svg, make("figcaption", {}, summary(points, label)), save(points, label));
}

const times = (points: Point[]) => points.map((one) => Date.parse(one.at));

function scale(points: Point[]): { x: (at: string) => number; y: (value: number) => number; least: number; most: number } {
  const found = times(points);
  const [first, last] = [Math.min(...found), Math.max(...found)];
  const values = points.map((one) => one.value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [span, height] = [last - first || 1, most - least || 1];
  return {
    x: (at) => LEFT + ((Date.parse(at) - first) / span) * (WIDTH - LEFT - 8),
    y: (value) => 8 + (1 - (value - least) / height) * (HEIGHT - FOOT - 16),
    least,
    most,
  };
}

function line(points: Point[]): SVGElement {
  const { x, y } = scale(points);
  // A value holds until the next one: a step says what was, a slope would invent values between.
  let path = "";
  for (const [index, one] of points.entries()) {
    path += index === 0 ? `M${x(one.at)} ${y(one.value)}` : `H${x(one.at)}V${y(one.value)}`;
  }
  return draw("path", { d: path, class: "line" });
}

function axes(points: Point[]): SVGElement[] {
  const { y, least, most } = scale(points);
  const text = (at: [number, number], words: string, anchor: string) =>
    draw("text", { x: at[0], y: at[1], "text-anchor": anchor }, document.createTextNode(words));
  const [first, last] = [points[0]?.at ?? "", points.at(-1)?.at ?? ""];
  return [
    draw("path", { d: `M${LEFT} 8V${HEIGHT - FOOT}H${WIDTH - 8}`, class: "axis" }),
    text([LEFT - 6, y(most) + 4], number(most), "end"),
    text([LEFT - 6, y(least) + 4], number(least), "end"),
    text([LEFT, HEIGHT - 6], time(first), "start"),
    text([WIDTH - 8, HEIGHT - 6], time(last), "end"),
  ];
}

function summary(points: Point[], label: string): string {
  const values = points.map((one) => one.value);
  return `${label}: ${number(Math.min(...values))} – ${number(Math.max(...values))}, ${points.length}`;
}

function save(points: Point[], label: string): HTMLElement {
  const rows = ["observedAt,value", ...points.map((one) => `${one.at},${one.value}`)].join("\r\n");
  const url = URL.createObjectURL(new Blob([`${rows}\r\n`], { type: "text/csv" }));
  return make("a", { href: url, download: `${label}.csv`, class: "button" }, say("save"));
}
