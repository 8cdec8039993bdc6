import type { FunctionReturnType } from "convex/server";
import type { api } from "../../../convex/_generated/api.js";
import { stripControls } from "../strip_controls.ts";
import type { ChannelView } from "./views/platform_view.ts";

/** A mapping as the deployment lists it. */
export type MappingRow = FunctionReturnType<typeof api.admin.list>[number];
/** The deployment's status report. */
export type Status = FunctionReturnType<typeof api.admin.status>;
type Feedback = NonNullable<Status["feedback"]>;
type AiHealth = NonNullable<Status["aiHealth"]>;
type MappingStatus = Status["mappings"][number];

/** A mapping and its settings, in one sentence. */
export function describeMapping(row: MappingRow): string {
  const answers =
    row.trigger === "never"
      ? "answers nothing"
      : `answers ${describeTrigger(row.trigger)}, in the ${row.replyIn}`;
  return stripControls(
    `${channelOf(row)} -> "${row.channelName}": ${row.state}; ${[answers, ...extras(row), ...relaying(row)].join("; ")}.`,
  );
}

/** The settings that few mappings have. */
function extras(row: MappingRow): string[] {
  return [
    ...(row.instructions === undefined ? [] : ["custom instructions"]),
    ...(row.model === undefined ? [] : [`model ${row.model}`]),
    ...(row.keepDays === undefined ? [] : [`keeps messages for ${days(row.keepDays)}`]),
    ...(row.files === "none" ? ["holds no files"] : []),
    ...(row.files === "all" ? ["holds all files"] : []),
    ...(row.stream ? ["shows answers being written"] : []),
  ];
}

function relaying({ relaySince, relayApps }: MappingRow): string[] {
  if (relaySince === undefined) return relayApps ? ["would relay apps, but relay is off"] : [];
  return [`relay is on${relayApps ? ", for apps too" : ""}`];
}

/** The channels whose messages are relayed to a mapping, out of all mappings. */
function heardBy(
  { channelId, mappingId, relaySince, relayApps }: MappingRow,
  rows: readonly MappingRow[],
) {
  if (relaySince === undefined) return [];
  const others = rows.filter(
    (row) => row.channelId === channelId && row.mappingId !== mappingId && row.state === "active",
  );
  const names = others.map(
    ({ platform, externalId, externalName }) =>
      `${platform} ${externalName === undefined ? externalId : `#${shorten(externalName)}`}`,
  );
  const heard = names.length === 0 ? "no other channel yet" : names.join(", ");
  return [`hears: ${heard}${relayApps ? "; apps too" : ""}`];
}

function shorten(name: string): string {
  const letters = Array.from(name);
  return letters.length <= NAME_WIDTH ? name : `${letters.slice(0, NAME_WIDTH - 1).join("")}…`;
}

/** Width of a name in the list of mappings: with it, a line fits into 100 columns. `--json` has names in full. */
const NAME_WIDTH = 19;

/** Every mapping in a line, and another for what few have. */
export function mappingTable(rows: readonly MappingRow[]): string {
  if (rows.length === 0) return "No channel is mapped. `npm run channels -- map --help` shows how.";
  const header = ["PLATFORM", "CHANNEL", "NAME", "MAPPED TO", "STATE", "TRIGGER", "REPLY IN"];
  const lines = rows.map((row) => [
    row.platform,
    row.externalId,
    shorten(row.externalName ?? ""),
    shorten(row.channelName),
    row.state,
    row.trigger,
    row.replyIn,
  ]);
  const [head = "", ...body] = table([header, ...lines]).split("\n");
  const more = rows.map((row) =>
    [...extras(row), ...heardBy(row, rows)].map((extra) => `\n    ${stripControls(extra)}`),
  );
  return [head, ...body.map((line, at) => line + (more[at] ?? []).join(""))].join("\n");
}

/** Channels as the bot sees them, one per line. */
export function channelTable(
  channels: readonly (ChannelView & { readonly mappedTo?: string })[],
): string {
  if (channels.length === 0) return "No matching channel is visible to the bot.";
  const rows = channels.map(({ id, name, within, troubles, mappedTo }) => [
    id,
    `#${name}`,
    within ?? "",
    [
      ...(mappedTo === undefined ? [] : [`mapped to "${mappedTo}"`]),
      ...(troubles.length === 0 ? ["ready"] : troubles.map(({ problem }) => problem)),
    ].join("; "),
  ]);
  return table([["ID", "NAME", "WHERE", "STATE"], ...rows]);
}

/** The state of every mapping, whether answers fail, then failed replies, problems and what was re-armed. */
export function statusReport({
  mappings,
  failed,
  problems,
  aiHealth,
  rearmed,
  feedback,
}: Status): string {
  const isEmpty = mappings.length + failed.length + problems.length === 0;
  if (isEmpty && !aiHealth && !rearmed && !feedback) return mappingTable([]);
  const sections = [
    isEmpty ? mappingTable([]) : mappings.map((row) => describeStatus(row, mappings)).join("\n"),
    ...(aiHealth ? [`${describeAi(aiHealth)}.`] : []),
    ...(feedback ? [describeFeedback(feedback)] : []),
  ];
  if (failed.length > 0) {
    const header = ["DELIVERY", "CHANNEL", "FAILED", "WHY"];
    const lines = failed.map((row) => [
      row.deliveryId,
      `${row.platform} ${row.channel}`,
      time(row.at),
      [
        row.reason ?? row.code ?? "",
        ...(row.outcomeUnknown ? ["(may have been posted)"] : []),
        ...(row.step === undefined ? [] : [`- ${row.step}`]),
      ].join(" "),
    ]);
    sections.push(
      `Not posted (to retry one: retry <delivery>; to retry all: retry):\n${table([header, ...lines])}`,
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
  if (rearmed !== undefined) {
    const counts = [
      ...(rearmed.replies > 0 ? [`${counted(rearmed.replies, "answer")} being written`] : []),
      ...(rearmed.deliveries > 0 ? [counted(rearmed.deliveries, "post")] : []),
      ...(rearmed.purges > 0 ? [counted(rearmed.purges, "deletion")] : []),
      ...(rearmed.tasks ? [counted(rearmed.tasks, "other task")] : []),
    ];
    sections.push(
      `Set in motion again, the last at ${time(rearmed.at)}, because Convex had lost their scheduled functions (a restored backup does): ${counts.join(", ")}.`,
    );
  }
  return sections.filter((section) => section !== "").join("\n\n");
}

function describeFeedback({ up, down, answers, isMore }: Feedback): string {
  const rated = isMore ? `the last ${answers} that were rated` : counted(answers, "answer");
  return `Feedback: 👍 ${up}, 👎 ${down}, on ${rated} (each of them: export feedback).`;
}

/** Since when, why and how often answers fail, or that they did. */
export function describeAi({ since, reason, failures, at, endedAt }: AiHealth): string {
  const count = `${failures} failed${failures === 1 ? "" : `, the latest at ${time(at)}`}`;
  return stripControls(
    endedAt === undefined
      ? `Answers have failed since ${time(since)}: ${reason} (${count})`
      : `Answers failed from ${time(since)} to ${time(endedAt)} and work again: ${reason} (${count})`,
  );
}

/**
 * Mapping a channel already sets its cursor, so only a catch-up shows that a bridge has run; whether one runs now, Convex
 * can't know.
 */
function describeActive({ lastCatchUp }: MappingStatus): string {
  if (lastCatchUp === undefined) return "waiting for a bridge (npm start)";
  return "no problems stored (npm run doctor says whether a bridge runs)";
}

function describeStatus(row: MappingStatus, rows: readonly MappingStatus[]): string {
  const caughtUp = row.lastCatchUp;
  const counts = [
    ...(row.open > 0 ? [`${row.open} to be posted${oldest(row)}`] : []),
    ...(row.failed > 0 ? [`${row.failed} failed`] : []),
    ...(caughtUp === undefined || row.caughtUpAt === undefined
      ? []
      : [`caught up ${time(row.caughtUpAt)}`]),
    ...(row.keepDays === undefined ? [] : [`keeps messages for ${days(row.keepDays)}`]),
    ...(row.stream ? ["shows answers being written"] : []),
  ];
  const hasResults = caughtUp && (caughtUp.recovered > 0 || caughtUp.missed !== undefined);
  const recovered = hasResults
    ? [
        `  last gap, closed ${time(caughtUp.at)}: ${counted(caughtUp.recovered, "message")} recovered` +
          (caughtUp.missed === undefined ? "" : `; ${caughtUp.missed}`),
      ]
    : [];
  const state = row.state === "active" && row.health.length === 0 ? describeActive(row) : row.state;
  const head = [`${channelOf(row)} -> "${row.channelName}": ${state}`, ...counts].join(", ");
  const troubles = row.health.map(({ direction, code, reason, step, at }) => {
    const operation = direction === "in" ? "reading" : "posting";
    return `  ${operation} has failed since ${time(at)}: ${reason} (${code})${step === undefined ? "" : `. ${step}`}`;
  });
  const heard = heardBy(row, rows).map((line) => `  ${line}`);
  return [head, ...heard, ...recovered, ...troubles].map(stripControls).join("\n");
}

function oldest({ open, openSince }: MappingStatus): string {
  if (openSince === undefined) return "";
  return ` (${open === 1 ? "" : "the oldest "}since ${time(openSince)})`;
}

function channelOf(row: MappingRow): string {
  return `${row.platform} ${row.externalId}${row.externalName === undefined ? "" : ` (${row.externalName})`}`;
}

function describeTrigger(trigger: "always" | "mention"): string {
  switch (trigger) {
    case "always":
      return "every message";
    case "mention":
      return "when mentioned";
  }
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

function days(count: number): string {
  return counted(count, "day");
}

function time(at: number): string {
  return new Date(at).toISOString().replace("T", " ").slice(0, 16);
}

/** Pads each column to its widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(stripControls));
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
