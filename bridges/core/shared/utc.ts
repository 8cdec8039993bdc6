/** A moment as people read it, in UTC. `minute`, `second`: the time of day to that, with its zone. */
export interface UtcMoment {
  readonly day: string;
  readonly minute: string;
  readonly second: string;
}

/** The moment so many seconds after 1970. Undefined: not a valid one. */
export function utcOf(seconds: number): UtcMoment | undefined {
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) return undefined;
  const [day = "", clock = ""] = date.toISOString().split("T");
  return { day, minute: `${clock.slice(0, 5)} UTC`, second: `${clock.slice(0, 8)} UTC` };
}
