/** A patch that removes one guard of the product, and the test that must fail without it. */
export interface GuardPatch {
  /** The patch's file name without its ending. */
  readonly guard: string;
  readonly file: string;
  readonly testFile: string;
  readonly testName: string;
}

/** Reads the header of a patch, a line `Test: <file> > <name>`. Throws if there is none. */
export function readPatch(file: string, text: string): GuardPatch {
  const match = /^Test: (\S+) > (.+)$/m.exec(text);
  if (!match) throw new Error(`${file}: no line "Test: <file> > <name>"`);
  const [, testFile = "", testName = ""] = match;
  const guard = file.replace(/^.*\//, "").replace(/\.patch$/, "");
  return { guard, file, testFile, testName: testName.trim() };
}

/** The result of running a guard's test. */
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
