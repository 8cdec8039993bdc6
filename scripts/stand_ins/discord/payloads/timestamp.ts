/** ISO 8601 with microseconds and an offset, as Discord writes time. */
export function timestamp(at: number): string {
  return new Date(at).toISOString().replace("Z", "000+00:00");
}
