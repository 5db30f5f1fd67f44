// The marks on the map and in lists: each condition has a colour and a shape of its own, so that nobody needs the
// colour to tell them apart; a stale thing is hollow.

export const COLOURS = ["#6b7280", "#1a7f4b", "#2563eb", "#b45309", "#b91c1c"];

type Draw = (pen: CanvasRenderingContext2D, middle: number, radius: number) => void;

function polygon(corners: number, turn: number): Draw {
  return (pen, middle, radius) => {
    for (let corner = 0; corner < corners; corner += 1) {
      const angle = turn + (corner * 2 * Math.PI) / corners;
      pen.lineTo(middle + radius * Math.cos(angle), middle + radius * Math.sin(angle));
    }
    pen.closePath();
  };
}

const circle: Draw = (pen, middle, radius) => pen.arc(middle, middle, radius, 0, 2 * Math.PI);
// unknown: small circle · in order: circle · to note: square · warning: triangle · fault: octagon
const SHAPES: Draw[] = [circle, circle, polygon(4, Math.PI / 4), polygon(3, -Math.PI / 2), polygon(8, Math.PI / 8)];

export interface Mark {
  condition: number;
  stale: boolean;
  count: number;
}

export const markName = (mark: Mark) => `mark:${mark.condition}:${mark.stale ? 1 : 0}:${short(mark.count)}`;

function short(count: number): string {
  if (count < 2) return "";
  return count < 1_000 ? String(count) : `${Math.round(count / 1_000)}k`;
}

export function drawMark(name: string, scale: number): { width: number; height: number; data: Uint8ClampedArray } {
  const [, condition = "0", stale = "0", count = ""] = name.split(":");
  const size = (count ? 30 + 3 * count.length : 20) * scale;
  const canvas = document.createElement("canvas");
  canvas.width = size;
  canvas.height = size;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  paint(pen, size, Number(condition), stale === "1", scale);
  if (count) write(pen, size, count, scale);
  return pen.getImageData(0, 0, size, size);
}

function paint(pen: CanvasRenderingContext2D, size: number, condition: number, stale: boolean, scale: number): void {
  const middle = size / 2;
  const radius = (condition === 0 ? 0.32 : 0.42) * size;
  pen.beginPath();
  (SHAPES[condition] ?? circle)(pen, middle, radius);
  pen.fillStyle = stale ? "#ffffff" : (COLOURS[condition] ?? "#6b7280");
  pen.fill();
  pen.lineWidth = (stale ? 3 : 1.5) * scale;
  pen.strokeStyle = stale ? (COLOURS[condition] ?? "#6b7280") : "#ffffff";
  if (stale) pen.setLineDash([3 * scale, 2 * scale]);
  pen.stroke();
}

function write(pen: CanvasRenderingContext2D, size: number, text: string, scale: number): void {
  pen.fillStyle = "#ffffff";
  pen.font = `600 ${11 * scale}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, size / 2, size / 2 + scale);
}

export function markPicture(mark: Mark): HTMLCanvasElement {
  const drawn = drawMark(markName(mark), 2);
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width;
  canvas.height = drawn.height;
  canvas.className = "mark";
  canvas.setAttribute("aria-hidden", "true");
  canvas.getContext("2d")?.putImageData(new ImageData(drawn.data as ImageDataArray, drawn.width, drawn.height), 0, 0);
  return canvas;
}
