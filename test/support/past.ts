import { pino } from "pino";
import { vi } from "vitest";
import { CursorTracker } from "../../bridges/core/ingest/cursor_tracker.ts";
import { MappingCatchUp } from "../../bridges/core/catch_up/one_mapping.ts";
import type { Advance } from "../../bridges/core/convex/backend.ts";
import { NotTaken } from "../../bridges/core/shared/errors.ts";
import type {
  BridgeEvent,
  History,
  HistoryPage,
  Mapping,
  MessageEvent,
  Outcome,
  Problem,
  SnapshotRow,
  ThreadRef,
} from "../../bridges/platform.ts";
import { positionAt } from "../../convex/model/shared/positions.ts";
import { MAPPING, messageEvent } from "./core_material.ts";

/* The stage of the tests of one mapping's catch-up: a platform's past, what Convex has of it, and what was done. */

export const NOW = Date.UTC(2026, 0, 1);
export const MINUTE = 60_000;
const since = at(-1_000 * MINUTE);
const mapping: Mapping = { mappingId: MAPPING, externalId: "C1", since, files: "images" };

/** The position, and the id, of a message sent `ms` from now. */
export function at(ms: number): string {
  return positionAt("slack", NOW + ms);
}

export function said(ms: number, fields: Partial<MessageEvent> = {}): MessageEvent {
  return messageEvent(at(ms), { position: at(ms), ...fields });
}

export function page(...events: MessageEvent[]): HistoryPage {
  const ids = events.map(({ externalId }) => externalId);
  return { events, ids, upTo: events.at(-1)?.position ?? "0" };
}

export function row(ms: number, fields: Partial<SnapshotRow> = {}): SnapshotRow {
  return { externalId: at(ms), own: false, ...fields };
}

export const own = row(-16 * MINUTE, { own: true });

interface Past {
  readonly rows?: SnapshotRow[];
  readonly beyond?: ("messages" | "threads")[];
  readonly pages?: Record<string, (HistoryPage | "gone" | Error)[]>;
  readonly forum?: boolean;
  readonly threads?: ThreadRef[];
  readonly gone?: string[];
  readonly full?: number;
  readonly history?: number;
  readonly older?: MessageEvent[];
  readonly outcome?: Outcome;
}

export function run(past: Past) {
  const did: string[] = [];
  const advances: Advance[] = [];
  const problems: Problem[] = [];
  const pushed: BridgeEvent[] = [];
  let full = past.full ?? 0;
  const history: History = {
    eventDelayMs: MINUTE,
    activity: () =>
      Promise.resolve({
        channel: past.forum ? "none" : "active",
        threads: past.threads ?? [],
      }),
    async *read(_mapping, thread, after) {
      await Promise.resolve();
      for (const next of past.pages?.[thread?.id ?? "channel"] ?? []) {
        if (next instanceof Error) throw next;
        if (next === "gone") {
          yield next;
          continue;
        }
        const left = next.events.filter(({ position }) => position > after);
        yield { ...next, events: left };
      }
    },
    newest: () => Promise.resolve(page(...(past.older ?? []))),
    exists: (_mapping, threadId, externalId) => {
      did.push(`checked ${threadId ?? "channel"} ${externalId}`);
      return Promise.resolve(!past.gone?.includes(externalId));
    },
  };
  const cursor = {
    mappingId: MAPPING,
    upTo: at(-10 * MINUTE),
    ...(past.history === undefined ? {} : { history: past.history }),
  };
  const cursors = new CursorTracker({
    platform: "slack",
    eventDelayMs: MINUTE,
    send: () => Promise.resolve(),
    log: pino({ level: "silent" }),
    now: () => NOW,
  });
  vi.spyOn(cursors, "advance").mockImplementation((advance) => {
    advances.push(advance);
    did.push(`committed ${advance.upTo}`);
  });
  const catchUp = new MappingCatchUp(mapping, cursor, {
    platform: "slack",
    history,
    backend: {
      snapshot: async () => ({ rows: past.rows ?? [], threads: [], beyond: past.beyond ?? [] }),
    },
    intake: {
      offer: (event): Promise<Outcome> | NotTaken => {
        if (full > 0) {
          full -= 1;
          return new NotTaken("full");
        }
        pushed.push(event);
        did.push(`${event.type} ${event.externalId}`);
        return Promise.resolve(past.outcome ?? "inserted");
      },
      problem: async (problem) => void problems.push(problem),
    },
    cursors,
    now: NOW,
    gapAt: 0,
    signal: new AbortController().signal,
  });
  return { result: catchUp.run(), did, advances, problems, pushed };
}
