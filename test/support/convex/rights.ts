import * as file from "../../../convex/access.ts";
import type { Right } from "../../../convex/model/access/caller.ts";

/** The app's file, for tests that decide in its place. Its functions may promise less than they may return. */
export const access: { mayRead: Right; mayWrite: Right } = file;
