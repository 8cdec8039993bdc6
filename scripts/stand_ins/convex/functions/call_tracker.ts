import { AsyncLocalStorage } from "node:async_hooks";
import type { CallCounter, CallKind } from "../engine/call_stats.ts";
import type { TransactionEnd } from "../engine/engine.ts";
import type { Internals } from "../engine/internals.ts";
import { parseSyscallArgs } from "../engine/internals.ts";
import type { Job, JobSlots } from "./job_slots.ts";
import type { Module, Modules } from "./modules.ts";
import { PlainError } from "./outcome.ts";
import type { UserTime } from "./user_time.ts";
import { isStrictJson, isWellFormed, LONE_SURROGATE } from "./well_formed.ts";

/** A function call by a client or the scheduler, including everything it calls. */
export interface Call {
  readonly kind: CallKind;
  /** The context the caller runs in. */
  readonly inside: "nothing" | "transaction" | "action";
  /** Aborts the first attempt at a mutation after its handler has run, as a write conflict does. */
  readonly abortOnce?: { done: boolean };
  /** Called when the transaction ends, before any other begins. */
  readonly onEnd?: (end: TransactionEnd) => void;
  /** The scheduled function that this is a run of. */
  readonly job?: Job;
  /** What this schedules is due by crons.ts. Convex runs it beside the scheduled functions and not among them. */
  readonly isCron?: boolean;
}

/** Thrown by a mutation whose first attempt is to be aborted. */
export class WriteConflict extends Error {}

const current = new AsyncLocalStorage<Call>();

/** Runs `run` as part of a call. */
export function runAs<T>(call: Call, run: () => T): T {
  return current.run(call, run);
}

interface CallTrackerOptions {
  readonly counter: CallCounter;
  readonly userTime: UserTime;
  readonly slots: JobSlots;
  /** Whether this run of a scheduled function is lost before it begins. */
  readonly loses: (path: string) => boolean;
}

/** Assigns transactions and functions to their call, counts them, and applies the limits of a call. */
export class CallTracker {
  readonly #counter: CallCounter;
  readonly #userTime: UserTime;
  readonly #slots: JobSlots;
  readonly #loses: (path: string) => boolean;
  /** The function and kind of the open transaction. There is one at a time. */
  #transaction: { readonly path: string; readonly kind: CallKind } | undefined;

  constructor({ counter, userTime, slots, loses }: CallTrackerOptions) {
    this.#counter = counter;
    this.#userTime = userTime;
    this.#slots = slots;
    this.#loses = loses;
  }

  /**
   * Call this before a top-level transaction begins. convex-test begins a scheduled function with one of its own, which
   * reads the function's state; so a job that waits for its slot can still be cancelled, and holds up no transaction.
   */
  async waitForSlot(): Promise<void> {
    const job = current.getStore()?.job;
    if (job) await this.#slots.begin(job);
  }

  /** Call this when a top-level transaction ends, in its own async context. */
  ended(end: TransactionEnd): void {
    if (this.#transaction) {
      const { path, kind } = this.#transaction;
      this.#counter.countTransaction(path, kind, end);
    }
    this.#transaction = undefined;
    const call = current.getStore();
    if (call?.inside === "nothing") call.onEnd?.(end);
  }

  /** Wraps modules so that every function is counted. `component` is "" for the app's own. */
  watchModules(component: string, modules: Modules): Modules {
    return Object.fromEntries(
      Object.entries(modules).map(([file, load]) => {
        let watched: Promise<Module> | undefined;
        const name = file.replace(/^\.\//, "").replace(/\.[^.]+$/, "");
        const path = component ? `${component}/${name}` : name;
        return [file, () => (watched ??= load().then((module) => this.#watch(path, module)))];
      }),
    );
  }

  #watch(path: string, module: Module): Module {
    return Object.fromEntries(
      Object.entries(module).map(([name, value]) => {
        if (!isConvexFunction(value)) return [name, value];
        const udfPath = name === "default" ? path : `${path}:${name}`;
        const watched = Object.assign(Object.create(value) as object, {
          _handler: (ctx: unknown, args: unknown) =>
            this.#run(udfPath, value.isAction === true, () => value._handler(ctx, args)),
        });
        return [name, watched];
      }),
    );
  }

  async #run(path: string, isAction: boolean, run: () => unknown): Promise<unknown> {
    const call = current.getStore() ?? { kind: "scheduled", inside: "nothing" };
    const kind = kindOf(call);
    // Calls by clients are counted on arrival: some never reach their handler.
    if (call.inside !== "nothing" || kind === "scheduled") this.#counter.count(path, kind);
    if (call.inside === "nothing" && kind === "scheduled" && this.#loses(path)) {
      throw new Error(`${path} was lost before it began`);
    }
    if (kind === "nested") this.#userTime.chargeCall();
    else if (!isAction) this.#transaction = { path, kind };
    const { abortOnce } = call;
    const result = await runAs(
      { kind, inside: isAction ? "action" : "transaction" },
      async () => await run(),
    );
    if (!isAction) this.#userTime.check();
    if (!isWellFormed(result))
      throw new PlainError(
        `Function ${path} failed. Could not parse return value as json: ${LONE_SURROGATE}`,
      );
    if (call.inside === "nothing" && abortOnce && !abortOnce.done) {
      abortOnce.done = true;
      throw new WriteConflict();
    }
    return result;
  }

  /**
   * Refuses what the backend's parser refuses, charges user time, follows calls through the scheduler, and works around a
   * crash of convex-test on cancellation.
   */
  watchSyscalls(internals: Internals): void {
    const original = internals.asyncSyscall.bind(internals);
    internals.asyncSyscall = async (operation, args) => {
      if (!isStrictJson(args)) throw new PlainError(`${operation} was given a ${LONE_SURROGATE}`);
      this.#userTime.chargeSyscall(operation);
      switch (operation) {
        case "1.0/schedule": {
          const call = { kind: "scheduled", inside: "nothing" } as const;
          const job = { dueAt: Number(parseSyscallArgs(args).ts) };
          // The timer keeps the async context in which it was created.
          return runAs(current.getStore()?.isCron ? call : { ...call, job }, () =>
            original(operation, args),
          );
        }
        case "1.0/cancel_job": {
          // convex-test throws in a timer when a job that is already running is cancelled.
          const { id } = parseSyscallArgs(args);
          const get = JSON.stringify({ table: "_scheduled_functions", id });
          const job: unknown = JSON.parse(await original("1.0/get", get));
          return isPending(job) ? original(operation, args) : "{}";
        }
        default:
          return original(operation, args);
      }
    };
    const { scheduler } = internals;
    const finish = scheduler.finish.bind(scheduler);
    scheduler.finish = (run) => {
      finish(run);
      const job = current.getStore()?.job;
      if (job) this.#slots.end(job);
    };
  }
}

function kindOf(call: Call): CallKind {
  switch (call.inside) {
    case "nothing":
      return call.kind;
    case "action":
      return "fromAction";
    case "transaction":
      return "nested";
  }
}

interface ConvexFunction {
  readonly isAction?: boolean;
  _handler(ctx: unknown, args: unknown): unknown;
}

function isConvexFunction(value: unknown): value is ConvexFunction {
  return typeof value === "function" && "_handler" in value && "exportArgs" in value;
}

function isPending(job: unknown): boolean {
  if (typeof job !== "object" || job === null || !("state" in job)) return false;
  const { state } = job;
  return typeof state === "object" && state !== null && "kind" in state && state.kind === "pending";
}
