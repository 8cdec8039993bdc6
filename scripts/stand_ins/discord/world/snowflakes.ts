/**
 * The first millisecond of 2015, Discord's epoch.
 * https://discord.com/developers/docs/reference#snowflakes
 * The product has its own constant: a stand-in that shared it could not reveal an error in it.
 */
export const DISCORD_EPOCH = 1_420_070_400_000;
const LAST_IN_MILLISECOND = 4095;

/** Generates ids in Discord's layout from the current time, each greater than the previous one. */
export class Snowflakes {
  #millisecond = 0;
  #increment = 0;

  next(): string {
    const now = Date.now();
    if (now > this.#millisecond) {
      this.#millisecond = now;
      this.#increment = 0;
    } else if (this.#increment < LAST_IN_MILLISECOND) {
      this.#increment += 1;
    } else {
      this.#millisecond += 1; // The ids of this millisecond are used up: take one from the next.
      this.#increment = 0;
    }
    return String((BigInt(this.#millisecond - DISCORD_EPOCH) << 22n) | BigInt(this.#increment));
  }
}

/** When an id was generated, in Unix milliseconds. */
export function timeOf(id: string): number {
  return Number(BigInt(id) >> 22n) + DISCORD_EPOCH;
}

/** Orders ids as Discord does. A `Number` would lose their last digits. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a path or query value has the form of an id. */
export function isSnowflake(value: string): boolean {
  return /^\d{15,20}$/.test(value);
}
