import { api } from "../../../convex/_generated/api.js";
import { toJson } from "../strip_controls.ts";
import type { Deployment } from "./deployment.ts";

const PAGE = 100;

/** Every rated answer that is not deleted, as a line of JSON each: `{at, channel, question, answer, up, down}`. */
export async function* feedback(deployment: Deployment): AsyncGenerator<string> {
  for (let cursor: string | null = null, isDone = false; !isDone;) {
    const paginationOpts: { numItems: number; cursor: string | null } = { numItems: PAGE, cursor };
    const page = await deployment.query(api.admin.feedback, { paginationOpts });
    for (const row of page.page) yield toJson(row);
    cursor = page.continueCursor;
    isDone = page.isDone;
  }
}
