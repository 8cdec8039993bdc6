import { z } from "zod";
import { cut } from "../../../convex/model/shared/text.ts";

/** A field that is treated as absent when it is malformed, so that an odd field never costs a message. */
export function lenient<T extends z.ZodType>(schema: T) {
  return schema.optional().catch(undefined);
}

/** A list without its malformed items. */
export function lenientList<T extends z.ZodType>(item: T) {
  return z.array(z.unknown()).transform((items) =>
    items.flatMap((each) => {
      const parsed = item.safeParse(each);
      return parsed.success ? [parsed.data] : [];
    }),
  );
}

/** A name. Longer than any platform's, it would only make a report too large to store. */
export const shortName = z.string().transform((name) => cut(name, 200));
