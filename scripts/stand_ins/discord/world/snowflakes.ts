/**
 * First millisecond of 2015, where Discord's ids start to count.
 * https://discord.com/developers/docs/reference#snowflakes
 * The product has a constant of its own: a stand-in that shared it could not show that it is wrong.
 */
export const DISCORD_EPOCH = 1_420_070_400_000;
const LAST_IN_MILLISECOND = 4095;

/** Makes ids in Discord's layout from the current time, each greater than the one before. */
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
      this.#millisecond += 1; // The millisecond is full: borrow from the next one rather than go back.
      this.#increment = 0;
    }
    return String((BigInt(this.#millisecond - DISCORD_EPOCH) << 22n) | BigInt(this.#increment));
  }
}

/** When an id was made, in Unix milliseconds. */
export function timeOf(id: string): number {
  return Number(BigInt(id) >> 22n) + DISCORD_EPOCH;
}

/** Orders ids as Discord does. Never by `Number`: the last digits would be lost. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a path or query value can be an id at all. */
export function isSnowflake(value: string): boolean {
  return /^\d{15,20}$/.test(value);
}
