import { setTimeout } from "node:timers/promises";
import type { JSONValue } from "convex/values";
import { type Caller, RefusedToken } from "../functions/auth.ts";
import type { Deployment } from "../functions/deployment.ts";
import type { Faults } from "../functions/faults.ts";
import type { LiveQueries, LiveQuery } from "./live_queries.ts";
import type { Outcome } from "../functions/outcome.ts";
import type { Replays } from "./replays.ts";
import { contentOf, dataOf, modificationOf } from "./sync_changes.ts";
import {
  type ClientMessage,
  encodeTs,
  type ServerMessage,
  type StateModification,
} from "./sync_protocol.ts";

/** Shared by all connections of a deployment. */
export interface SyncBackend {
  readonly deployment: Deployment;
  readonly queries: LiveQueries;
  readonly replays: Replays;
  readonly faults: Faults;
}

/** The connection of a session. */
export interface SyncConnection {
  send(message: ServerMessage): void;
  /** Closes it after everything sent so far. */
  close(code?: number, reason?: string): void;
  /** Breaks it without a close frame. */
  cut(): void;
}

/** https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
const TRY_AGAIN_LATER = 1013;
const CONTENTION = "OptimisticConcurrencyControlFailure";

interface Subscription {
  readonly path: string;
  readonly args: JSONValue;
  live: LiveQuery;
  /** The version of `live` that has been counted for this client. */
  seen: number | undefined;
  /** The outcome that the client has, so that unchanged ones are not sent. */
  sent: string | undefined;
}

/** One client connection: its caller, its subscriptions, and the state sent to the client. */
export class SyncSession {
  readonly #backend: SyncBackend;
  readonly #connection: SyncConnection;
  readonly #subscriptions = new Map<number, Subscription>();
  #sessionId = "";
  #caller: Caller | undefined;
  /** The state sent to the client, and the state it requested. */
  #sent = { querySet: 0, identity: 0, ts: 0n };
  #asked = { querySet: 0, identity: 0 };
  #removed: number[] = [];
  /** A mutation was answered: the client waits for a transition after the answer, even without changes. */
  #owesTransition = false;
  #flushing = false;
  #flushAgain = false;
  #closed = false;
  #inbox = Promise.resolve();
  #mutations = Promise.resolve();

  constructor(backend: SyncBackend, connection: SyncConnection) {
    this.#backend = backend;
    this.#connection = connection;
  }

  /** Receives a message. Messages are handled in order. */
  receive(message: ClientMessage): void {
    this.#inbox = this.#inbox.then(async () => {
      if (this.#closed) return;
      try {
        await this.#handle(message);
      } catch (error) {
        this.#fail(error, message.type === "Authenticate");
      }
    });
  }

  close(): void {
    this.#closed = true;
    for (const { live } of this.#subscriptions.values()) {
      this.#backend.queries.unsubscribe(live, this.#changed);
    }
    this.#subscriptions.clear();
  }

  async #handle(message: ClientMessage): Promise<void> {
    switch (message.type) {
      case "Connect":
        this.#sessionId = message.sessionId;
        return;
      case "Authenticate":
        this.#checkBase("identity", message.baseVersion);
        this.#caller =
          message.tokenType === "User"
            ? await this.#backend.deployment.verify(message.value)
            : undefined;
        this.#asked.identity++;
        for (const subscription of this.#subscriptions.values()) this.#resubscribe(subscription);
        {
          this.#changed();
          return;
        }
      case "ModifyQuerySet":
        this.#checkBase("querySet", message.baseVersion);
        this.#asked.querySet = message.newVersion;
        for (const change of message.modifications) {
          if (change.type === "Add")
            this.#add(change.queryId, change.udfPath, change.args[0] ?? {});
          else this.#remove(change.queryId);
        }
        {
          this.#changed();
          return;
        }
      case "Mutation":
        this.#checkExpiry();
        this.#mutate(message.requestId, message.udfPath, message.args[0] ?? {});
        return;
      case "Action":
        this.#checkExpiry();
        void this.#act(message.requestId, message.udfPath, message.args[0] ?? {});
        return;
      case "Event":
        return;
    }
  }

  #add(queryId: number, path: string, args: JSONValue): void {
    const query = { path, args, caller: this.#caller };
    const live = this.#backend.queries.subscribe(query, this.#changed);
    this.#subscriptions.set(queryId, { path, args, live, seen: undefined, sent: undefined });
  }

  #remove(queryId: number): void {
    const subscription = this.#subscriptions.get(queryId);
    if (!subscription) return;
    this.#subscriptions.delete(queryId);
    this.#release(subscription.live);
    this.#removed.push(queryId);
  }

  #resubscribe(subscription: Subscription): void {
    const { path, args, live } = subscription;
    const query = { path, args, caller: this.#caller };
    subscription.live = this.#backend.queries.subscribe(query, this.#changed);
    subscription.seen = undefined;
    if (subscription.live !== live) this.#release(live);
  }

  /** The same live query may serve two subscriptions of one client. */
  #release(live: LiveQuery): void {
    const isUsed = [...this.#subscriptions.values()].some((other) => other.live === live);
    if (!isUsed) this.#backend.queries.unsubscribe(live, this.#changed);
  }

  /** Mutations of a client run one after another, in the order sent. */
  #mutate(requestId: number, path: string, args: JSONValue): void {
    const caller = this.#caller;
    this.#mutations = this.#mutations.then(async () => {
      if (this.#closed) return;
      const { deployment, replays, faults } = this.#backend;
      const fault = faults.nextMutation(path);
      // What was sent behind it must not run first.
      if (fault === "lostBefore" || fault === "contention") this.close();
      if (fault === "lostBefore") return this.#connection.cut();
      if (fault === "contention") return this.#connection.close(TRY_AGAIN_LATER, CONTENTION);
      const abortOnce = fault === "rerun";
      const outcome = await replays.once(this.#sessionId, requestId, () =>
        deployment.run({ type: "mutation", path, args, caller, kind: "mutation", abortOnce }),
      );
      if (fault === "lostAfter") return this.#connection.cut();
      if (typeof fault === "object") await setTimeout(fault.answerAfterMs);
      this.#answer("MutationResponse", requestId, outcome);
      if (!outcome.success) return;
      this.#owesTransition = true;
      this.#changed();
    });
  }

  async #act(requestId: number, path: string, args: JSONValue): Promise<void> {
    const { deployment } = this.#backend;
    const call = { type: "action", path, args, caller: this.#caller, kind: "action" } as const;
    this.#answer("ActionResponse", requestId, await deployment.run(call));
  }

  #answer(type: "MutationResponse" | "ActionResponse", requestId: number, outcome: Outcome): void {
    const response = outcome.success
      ? { success: true as const, result: outcome.value, ts: encodeTs(outcome.ts) }
      : { success: false as const, result: outcome.message, ...dataOf(outcome) };
    this.#send({ type, requestId, logLines: [], ...response });
  }

  readonly #changed = (): void => {
    if (this.#flushing) {
      this.#flushAgain = true;
      return;
    }
    this.#flushing = true;
    void this.#flush().finally(() => (this.#flushing = false));
  };

  /** Brings the client up to date, one transition at a time. */
  async #flush(): Promise<void> {
    do {
      this.#flushAgain = false;
      try {
        await this.#flushOnce();
      } catch (error) {
        this.#fail(error, false);
      }
    } while (this.#isToFlushAgain());
  }

  /** A method, because other code changes the fields while `#flush` waits. */
  #isToFlushAgain(): boolean {
    return this.#flushAgain && !this.#closed;
  }

  /** Waits until all subscriptions are current at the same time, and sends that state. */
  async #flushOnce(): Promise<void> {
    while (!this.#closed) {
      const stale = [...this.#subscriptions.values()].filter(
        ({ live, seen }) => !live.isFresh || live.version !== seen,
      );
      // Nothing may run between this check and the transition.
      if (stale.length === 0) {
        this.#transition();
        return;
      }
      this.#checkExpiry();
      await Promise.all(stale.map((subscription) => this.#refresh(subscription)));
    }
  }

  async #refresh(subscription: Subscription): Promise<void> {
    const { live, seen } = subscription;
    await this.#backend.queries.refresh(live, seen === undefined);
    if (subscription.live === live) subscription.seen = live.version;
  }

  #transition(): void {
    const modifications: StateModification[] = this.#removed.map((queryId) => ({
      type: "QueryRemoved",
      queryId,
    }));
    this.#removed = [];
    for (const [queryId, subscription] of this.#subscriptions) {
      const { outcome } = subscription.live;
      const content = outcome && contentOf(outcome);
      if (!outcome || content === subscription.sent) continue;
      subscription.sent = content;
      modifications.push(modificationOf(queryId, outcome));
    }
    const { querySet, identity } = this.#asked;
    const isNews =
      modifications.length > 0 ||
      querySet !== this.#sent.querySet ||
      identity !== this.#sent.identity ||
      this.#owesTransition;
    if (!isNews) return;
    this.#owesTransition = false;
    const last = this.#backend.deployment.lastCommit();
    const next = { querySet, identity, ts: last > this.#sent.ts ? last : this.#sent.ts };
    const startVersion = { ...this.#sent, ts: encodeTs(this.#sent.ts) };
    const endVersion = { ...next, ts: encodeTs(next.ts) };
    this.#sent = next;
    this.#send({ type: "Transition", startVersion, endVersion, modifications });
  }

  #checkBase(what: "identity" | "querySet", base: number): void {
    if (base !== this.#asked[what]) throw new Error(`${what}: base version ${base} is not current`);
  }

  #checkExpiry(): void {
    if (this.#caller && this.#caller.expiresAt <= Date.now()) {
      throw new RefusedToken("Unauthenticated", "The identity has expired");
    }
  }

  #fail(error: unknown, authUpdateAttempted: boolean): void {
    if (error instanceof RefusedToken) {
      const baseVersion = this.#asked.identity;
      this.#send({ type: "AuthError", error: error.message, baseVersion, authUpdateAttempted });
    } else {
      this.#send({ type: "FatalError", error: String(error) });
    }
    this.close();
    this.#connection.close();
  }

  #send(message: ServerMessage): void {
    if (!this.#closed) this.#connection.send(message);
  }
}
