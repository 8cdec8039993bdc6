import type { z } from "zod";

/** A field that is treated as absent when it is malformed, so that an odd field never costs a message. */
export function lenient<T extends z.ZodType>(schema: T) {
  return schema.optional().catch(undefined);
}
