import type { FunctionReturnType } from "convex/server";
import type { api } from "../../../convex/_generated/api.js";
import type { ChannelView } from "./platform_view.ts";

export type MappingRow = FunctionReturnType<typeof api.admin.list>[number];
export type Status = FunctionReturnType<typeof api.admin.status>;
type MappingStatus = Status["mappings"][number];

/** What a mapping does, in one sentence. */
export function sentence(row: MappingRow): string {
  const settings = [
    `answers ${asks(row)}, in the ${row.replyIn}`,
    ...(row.instructions === undefined ? [] : ["own instructions"]),
    ...(row.model === undefined ? [] : [`model ${row.model}`]),
  ];
  return plain(`${place(row)} -> "${row.channelName}": ${row.state}; ${settings.join("; ")}.`);
}

export function mappingTable(rows: readonly MappingRow[]): string {
  if (rows.length === 0) return "No channel is mapped. `npm run channels -- map --help` shows how.";
  const header = [
    "PLATFORM",
    "CHANNEL",
    "NAME",
    "MAPPED TO",
    "STATE",
    "TRIGGER",
    "REPLY IN",
    "MODEL",
  ];
  const lines = rows.map((row) => [
    row.platform,
    row.externalId,
    row.externalName ?? "",
    row.channelName,
    row.state,
    row.trigger,
    row.replyIn,
    row.model ?? "",
  ]);
  return table([header, ...lines]);
}

/** Channels of a platform as the bot sees them. */
export function foundTable(channels: readonly ChannelView[]): string {
  if (channels.length === 0) return "The bot sees no such channel.";
  const rows = channels.map(({ id, name, within, troubles }) => [
    id,
    `#${name}`,
    within ?? "",
    troubles.length === 0 ? "ready" : troubles.map(({ problem }) => problem).join("; "),
  ]);
  return table([["ID", "NAME", "WHERE", "STATE"], ...rows]);
}

export function statusReport({ mappings, failed, problems }: Status): string {
  if (mappings.length + failed.length + problems.length === 0) return mappingTable([]);
  const sections = [mappings.map(healthOf).join("\n")];
  if (failed.length > 0) {
    const header = ["DELIVERY", "CHANNEL", "FAILED", "WHY"];
    const lines = failed.map((row) => [
      row.deliveryId,
      `${row.platform} ${row.channel}`,
      time(row.at),
      [
        row.reason ?? row.code ?? "",
        ...(row.outcomeUnknown ? ["(may have been posted)"] : []),
      ].join(" "),
    ]);
    sections.push(
      `Replies not delivered (send one again: retry <delivery>; all: retry):\n${table([header, ...lines])}`,
    );
  }
  if (problems.length > 0) {
    const header = ["PROBLEM", "TIMES", "LAST", "WHY"];
    const lines = problems.map((row) => [
      [row.platform, row.kind, row.externalId ?? ""].join(" ").trim(),
      String(row.count),
      time(row.at),
      row.reason,
    ]);
    sections.push(`Set aside:\n${table([header, ...lines])}`);
  }
  return sections.filter((section) => section !== "").join("\n\n");
}

/** A mapping sets its own cursor, so that only a catch-up tells that a bridge has been there. */
function healthy({ lastCatchUp }: MappingStatus): string {
  return lastCatchUp === undefined ? "waits for a bridge (npm start)" : "no trouble reported";
}

function healthOf(row: MappingStatus): string {
  const caughtUp = row.lastCatchUp;
  const counts = [
    ...(row.open > 0 ? [`${row.open} to be delivered${oldest(row)}`] : []),
    ...(row.failed > 0 ? [`${row.failed} failed`] : []),
    ...(caughtUp === undefined || row.caughtUpAt === undefined
      ? []
      : [`caught up ${time(row.caughtUpAt)}`]),
  ];
  const hasNews = caughtUp && (caughtUp.recovered > 0 || caughtUp.missed !== undefined);
  const recovered = hasNews
    ? [
        `  last gap, closed ${time(caughtUp.at)}: ${caughtUp.recovered} recovered` +
          (caughtUp.missed === undefined ? "" : `; ${caughtUp.missed}`),
      ]
    : [];
  const state = row.state === "active" && row.health.length === 0 ? healthy(row) : row.state;
  const head = [`${place(row)} -> "${row.channelName}": ${state}`, ...counts].join(", ");
  const troubles = row.health.map(({ direction, code, reason, step, at }) => {
    const way = direction === "in" ? "reading" : "posting";
    return `  ${way} fails since ${time(at)}: ${reason} (${code})${step === undefined ? "" : `. ${step}`}`;
  });
  return [head, ...recovered, ...troubles].map(plain).join("\n");
}

function oldest({ open, openSince }: MappingStatus): string {
  if (openSince === undefined) return "";
  return ` (${open === 1 ? "" : "the oldest "}since ${time(openSince)})`;
}

function place(row: MappingRow): string {
  return `${row.platform} ${row.externalId}${row.externalName === undefined ? "" : ` (${row.externalName})`}`;
}

function asks({ trigger }: MappingRow): string {
  switch (trigger) {
    case "always":
      return "every message";
    case "mention":
      return "when mentioned";
    case "never":
      return "nothing";
  }
}

function time(at: number): string {
  return new Date(at).toISOString().replace("T", " ").slice(0, 16);
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(plain));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Names and reasons come from elsewhere: nothing in them may steer the terminal. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ");
}
