// What changes, as it comes; a broken stream is said, and the browser takes it up again where it was.

export interface Change {
  row: number;
  id: string;
  type?: string;
  condition?: number;
  observedAt?: string;
  moved?: boolean;
  gone?: boolean;
}

export interface Heard {
  changes(found: Change[]): void;
  lost(): void;
  state(live: boolean): void;
}

export function listen(after: number, heard: Heard): void {
  const stream = new EventSource(`../stream?after=${after}`);
  const take = (tell: (found: Change[]) => void) => (event: MessageEvent<string>) =>
    tell(JSON.parse(event.data) as Change[]);
  stream.addEventListener("changes", take((found) => heard.changes(found)));
  stream.addEventListener("lost", () => heard.lost());
  stream.addEventListener("open", () => heard.state(true));
  stream.addEventListener("error", () => heard.state(false));
}
