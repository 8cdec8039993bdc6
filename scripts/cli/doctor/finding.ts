import { stripControls } from "../strip_controls.ts";

/** `skipped`: the check did not run, because an earlier one failed or because the thing is not configured. */
type Level = "ok" | "warning" | "error" | "skipped";

/** The result of one check. `step` says how to fix it. Contains no secret and no message text. */
export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly text: string;
  readonly step?: string;
}

/** Creates the findings of the check named `check`. */
export function checkNamed(check: string) {
  return {
    ok: (text: string): Finding => ({ check, level: "ok", text }),
    skipped: (text: string): Finding => ({ check, level: "skipped", text }),
    warning: (text: string, step: string): Finding => ({ check, level: "warning", text, step }),
    error: (text: string, step: string): Finding => ({ check, level: "error", text, step }),
  };
}

/** 0: no errors or warnings; 1: at least one error; 3: warnings only. (2 is wrong usage.) */
export function exitCode(findings: readonly Finding[]): 0 | 1 | 3 {
  if (findings.some(({ level }) => level === "error")) return 1;
  return findings.some(({ level }) => level === "warning") ? 3 : 0;
}

const LABEL: Readonly<Record<Level, string>> = {
  ok: "ok  ",
  warning: "warn",
  error: "FAIL",
  skipped: "-   ",
};

/** One line per finding, with its step on the next line. Control characters become spaces. */
export function formatFinding({ check, level, text, step }: Finding): string {
  const head = `${LABEL[level]}  ${check}: ${text}`;
  const lines = step === undefined ? [head] : [head, `        -> ${step}`];
  return lines.map(stripControls).join("\n");
}
