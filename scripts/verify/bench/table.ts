import type { Row } from "./part.ts";

/** Prints one line per row: metric, budget, measurement, verdict. */
export function printTable(rows: readonly Row[]): void {
  const lines = [
    ["what", "budget", "measured", ""],
    ...rows.map(({ what, budget, measured }) => [
      what,
      budget?.text ?? "",
      measured,
      budget ? (budget.ok ? "ok" : "OVER") : "",
    ]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of lines) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}
