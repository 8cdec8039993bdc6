import type { Logger } from "pino";
import { cut } from "../../../convex/model/shared/text.ts";
import type { Intake, MappingId } from "../../platform.ts";

/** How long a kind is not reported again, in ms: a frequent kind must not cost a call each time. */
const REPORT_EVERY_MS = 10 * 60_000;
const MAX_KINDS = 1_000;

interface Seen {
  count: number;
  quietUntil: number;
}

/** Counts content of unknown kinds, and reports it in the log and to admins. */
export class UnknownKinds {
  readonly #seen = new Map<string, Seen>();

  constructor(
    private readonly intake: Pick<Intake, "problem">,
    private readonly log: Logger,
    /** ms, monotonic. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Reports one occurrence, at most once in ten minutes for each mapping and kind. */
  report(mappingId: MappingId, kind: string): void {
    const key = `${mappingId} ${kind}`;
    const seen = this.#seen.get(key) ?? { count: 0, quietUntil: -Infinity };
    seen.count += 1;
    if (this.#seen.size < MAX_KINDS) this.#seen.set(key, seen);
    if (this.now() < seen.quietUntil) return;
    seen.quietUntil = this.now() + REPORT_EVERY_MS;
    this.log.warn({ mappingId, kind, count: seen.count }, "content of an unknown kind");
    void this.intake.problem({
      mappingId,
      kind: "content_unknown",
      externalId: cut(kind, 100),
      reason: `the bridge does not know this kind of content: ${cut(kind, 100)}`,
    });
  }
}
