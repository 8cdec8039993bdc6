import { ConvexError } from "convex/values";

/** A failure that callers branch on: `code` is for programs, `message` for people. */
export function refusal(
  code: string,
  message: string,
): ConvexError<{ code: string; message: string }> {
  return new ConvexError({ code, message });
}
