import { WebSocket } from "ws";

/** Connects a socket to `url` and forwards frames both ways, starting with those received so far (`held`). */
export function tunnel(near: WebSocket, url: string, held: readonly string[]): void {
  const far = new WebSocket(url);
  const waiting = [...held];
  near.on("message", (data: Buffer) => {
    if (far.readyState === WebSocket.OPEN) far.send(data.toString());
    else waiting.push(data.toString());
  });
  far.on("open", () => {
    for (const frame of waiting.splice(0)) far.send(frame);
  });
  far.on("message", (data: Buffer) => near.send(data.toString()));
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on("close", () => other.close());
    one.on("error", () => other.terminate());
  }
}
