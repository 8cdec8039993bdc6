/** One guard of the product, removed: the test named in it must fail then. */
export interface GuardPatch {
  /** The patch's file name without its ending. */
  readonly guard: string;
  readonly file: string;
  readonly testFile: string;
  readonly testName: string;
}

/** Reads the header of a patch: a line `Test: <file> > <name>`. Throws where it has none. */
export function readPatch(file: string, text: string): GuardPatch {
  const match = /^Test: (\S+) > (.+)$/m.exec(text);
  if (!match) throw new Error(`${file}: no line "Test: <file> > <name>"`);
  const [, testFile = "", testName = ""] = match;
  const guard = file.replace(/^.*\//, "").replace(/\.patch$/, "");
  return { guard, file, testFile, testName: testName.trim() };
}

/** What the two runs of a guard's test say of it. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export type Finding = "caught" | "not caught" | "fails without the patch" | "no such test";

export function findingOf(whole: Counts, patched: Counts): Finding {
  if (whole.failed > 0) return "fails without the patch";
  if (whole.passed === 0) return "no such test";
  return patched.failed > 0 ? "caught" : "not caught";
}
