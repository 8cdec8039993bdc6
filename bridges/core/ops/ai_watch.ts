import type { Logger } from "pino";
import type { AiHealth, OutboxBackend } from "../convex/backend.ts";

/** What the process knows of AI answers, for the health endpoint. */
export interface AiState {
  readonly failing: boolean;
  /** In words; times are UTC. */
  readonly detail: string;
  /** Failed replies in the latest time in which they failed. */
  readonly failures: number;
}

/**
 * Learns whether the AI service answers from what Convex adds to each settlement, without calls of its own. So it knows as
 * much as the latest post: an answer, or the notice that there is none.
 */
export class AiWatch {
  onChange: (state: AiState) => void = () => undefined;
  #latest: AiHealth | undefined;

  constructor(private readonly log: Logger) {}

  /** Undefined while no reply is known to have failed. */
  state(): AiState | undefined {
    return this.#latest && describe(this.#latest);
  }

  /** Wraps a backend to read the answers of its settlements. */
  outbox(backend: OutboxBackend): OutboxBackend {
    return {
      ...backend,
      settle: async (...call) => {
        const answer = await backend.settle(...call);
        if (answer.ai) this.#learn(answer.ai);
        return answer;
      },
    };
  }

  #learn(health: AiHealth): void {
    const before = this.#latest;
    // Two platforms settle at the same time, and their answers may arrive in another order.
    if (before && lastChange(health) <= lastChange(before)) return;
    this.#latest = health;
    const state = describe(health);
    this.onChange(state);
    const { since, reason, failures } = health;
    if (state.failing) {
      if (before?.since !== since)
        this.log.warn({ since, reason, failures }, "AI answers have begun to fail");
    } else if (before) this.log.info({ since, reason, failures }, "AI answers work again");
  }
}

function lastChange({ at, endedAt = 0 }: AiHealth): number {
  return Math.max(at, endedAt);
}

function describe({ since, reason, failures, endedAt }: AiHealth): AiState {
  const span =
    endedAt === undefined
      ? `answers have failed since ${time(since)}`
      : `answers failed from ${time(since)} to ${time(endedAt)} and work again`;
  const detail = `${span}: ${reason} (${failures} failed)`;
  return { failing: endedAt === undefined, detail, failures };
}

function time(at: number): string {
  return `${new Date(at).toISOString().replace("T", " ").slice(0, 16)} UTC`;
}
