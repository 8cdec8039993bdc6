import type { JSONValue } from "convex/values";
import type { Caller } from "../functions/auth.ts";
import type { CallCounter } from "../engine/call_stats.ts";
import type { Deployment } from "../functions/deployment.ts";
import type { TransactionEnd } from "../engine/engine.ts";
import type { Outcome } from "../functions/outcome.ts";
import { ReadSet } from "../engine/read_set.ts";

/** A query with its arguments and caller, shared by all its subscribers. */
export class LiveQuery {
  readonly path: string;
  readonly args: JSONValue;
  readonly caller: Caller | undefined;
  /** Called each time the result may have changed. */
  readonly subscribers = new Set<() => void>();
  outcome: Outcome | undefined;
  /** Counts finished executions. */
  version = 0;
  /** What the last execution read; `undefined` while the outcome is out of date. */
  reads: ReadSet | undefined;
  running: Promise<void> | undefined;

  constructor(path: string, args: JSONValue, caller: Caller | undefined) {
    this.path = path;
    this.args = args;
    this.caller = caller;
  }

  get isFresh(): boolean {
    return this.reads !== undefined && this.running === undefined;
  }
}

/** All subscribed queries. Executes a query again after a commit wrote into what it read. */
export class LiveQueries {
  readonly #queries = new Map<string, LiveQuery>();
  readonly #counter: CallCounter;
  readonly #deployment: Deployment;

  constructor(deployment: Deployment, counter: CallCounter) {
    this.#deployment = deployment;
    this.#counter = counter;
  }

  subscribe(
    query: { path: string; args: JSONValue; caller: Caller | undefined },
    onChange: () => void,
  ): LiveQuery {
    const { path, args, caller } = query;
    const key = JSON.stringify([path, args, caller?.attributes]);
    let live = this.#queries.get(key);
    if (!live) {
      live = new LiveQuery(path, args, caller);
      this.#queries.set(key, live);
    }
    live.subscribers.add(onChange);
    return live;
  }

  unsubscribe(query: LiveQuery, onChange: () => void): void {
    query.subscribers.delete(onChange);
    if (query.subscribers.size > 0) return;
    for (const [key, live] of this.#queries) {
      if (live === query) this.#queries.delete(key);
    }
  }

  /** Executes a query unless its outcome is current or already being computed. */
  async refresh(query: LiveQuery, isFirst: boolean): Promise<void> {
    if (query.isFresh || query.running) {
      this.#counter.count(query.path, "cached");
      return query.running;
    }
    const { path, args, caller } = query;
    const kind = isFirst ? "subscribe" : "rerun";
    let hasRead = false;
    const onEnd = ({ reads }: TransactionEnd) => {
      hasRead = true;
      query.reads = reads;
    };
    query.running = this.#deployment
      .run({ type: "query", path, args, caller, kind, onEnd })
      .then((outcome) => {
        query.outcome = outcome;
        query.version++;
        query.running = undefined;
        // It failed before it read anything, so no write can change the outcome.
        if (!hasRead) query.reads = new ReadSet();
      });
    return query.running;
  }

  committed({ writes }: TransactionEnd): void {
    for (const query of this.#queries.values()) {
      if (!query.reads?.isChangedBy(writes)) continue;
      query.reads = undefined;
      for (const notify of [...query.subscribers]) notify();
    }
  }
}
