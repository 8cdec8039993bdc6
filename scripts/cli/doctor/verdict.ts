/** `skipped`: it could not be looked at, because something before it failed or isn't configured. */
type Level = "ok" | "warning" | "error" | "skipped";

/** What one check found. `step` says what a person does to mend it. Holds no secret and nothing people wrote. */
export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly text: string;
  readonly step?: string;
}

/** Makes findings of one check. */
export function about(check: string) {
  return {
    ok: (text: string): Finding => ({ check, level: "ok", text }),
    skipped: (text: string): Finding => ({ check, level: "skipped", text }),
    warning: (text: string, step: string): Finding => ({ check, level: "warning", text, step }),
    error: (text: string, step: string): Finding => ({ check, level: "error", text, step }),
  };
}

/** 0: all is well; 1: something does not work; 3: it works, and something needs attention. (2 is wrong usage.) */
export function exitCode(findings: readonly Finding[]): 0 | 1 | 3 {
  if (findings.some(({ level }) => level === "error")) return 1;
  return findings.some(({ level }) => level === "warning") ? 3 : 0;
}

const SIGN: Readonly<Record<Level, string>> = {
  ok: "ok  ",
  warning: "warn",
  error: "FAIL",
  skipped: "-   ",
};

/** One line a finding, and the step below it. */
export function line({ check, level, text, step }: Finding): string {
  const head = `${SIGN[level]}  ${check}: ${text}`.replaceAll(/\p{Cc}/gu, " ");
  return step === undefined ? head : `${head}\n        -> ${step.replaceAll(/\p{Cc}/gu, " ")}`;
}
