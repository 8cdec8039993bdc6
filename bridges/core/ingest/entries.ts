import type { BridgeEvent, Outcome } from "../../platform.ts";
import type { NotTaken } from "../shared/errors.ts";

/** An event in the queue, and the promise of its outcome. */
export interface Entry {
  readonly event: BridgeEvent;
  /** Equal for copies of one event. */
  readonly key: string;
  readonly bytes: number;
  readonly promise: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: NotTaken) => void;
}

/** Approximate size of an event without text, in bytes. */
const BARE_BYTES = 512;

/** Approximate size of an event on the wire, in bytes. Serialising it would cost as much as sending it. */
export function bytesOf(event: BridgeEvent): number {
  if (event.type === "reactions") return BARE_BYTES + JSON.stringify(event.reactions).length;
  if (event.type !== "message") return BARE_BYTES;
  const { content, mentions, attachments } = event;
  const lists = mentions.length + attachments.length > 0 ? [mentions, attachments] : undefined;
  const text = lists === undefined ? content : content + JSON.stringify(lists);
  return BARE_BYTES + Buffer.byteLength(text);
}

/** The same for each copy of an event; another for a later edit, or what another person does at the same time. */
export function keyOf(event: BridgeEvent): string {
  return `${event.type} ${event.mappingId} ${event.externalId} ${versionOf(event)}`;
}

function versionOf(event: BridgeEvent): string {
  switch (event.type) {
    case "message":
      return String(event.editedAt ?? "");
    case "delete":
      return String(event.thread ?? "");
    case "reaction":
      return [event.author.externalId, event.emoji, event.change, event.at].join(" ");
    case "reactions":
      return [event.emoji ?? "", event.at].join(" ");
  }
}

/** An entry whose promise is pending. */
export function newEntry(event: BridgeEvent, key: string, bytes: number): Entry {
  let resolve: Entry["resolve"] = () => {};
  let reject: Entry["reject"] = () => {};
  const promise = new Promise<Outcome>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // If the event is dropped, a platform that does not await the outcome must not crash the process.
  promise.catch(() => undefined);
  return { event, key, bytes, promise, resolve, reject };
}
