import { z } from "zod";
import { SlackRefusal } from "./refusal.ts";

/** The arguments of a Web API call: strings from a form or the query, any JSON value from a JSON body. */
export type Params = Readonly<Record<string, unknown>>;

const jsonObject = z.record(z.string(), z.unknown());

/** Reads arguments as Slack does: from the query, then from the body (form or JSON), which wins. */
export function paramsOf(contentType: string, body: string, query: URLSearchParams): Params {
  const fromQuery = Object.fromEntries(query);
  if (!contentType.startsWith("application/json")) {
    return { ...fromQuery, ...Object.fromEntries(new URLSearchParams(body)) };
  }
  const parsed = jsonObject.safeParse(jsonOf(body, "invalid_json"));
  if (!parsed.success) throw new SlackRefusal("json_not_object");
  return { ...fromQuery, ...parsed.data };
}

export function textParam(params: Params, name: string): string | undefined {
  const value = params[name];
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

export function flagParam(params: Params, name: string): boolean {
  const value = params[name];
  return value === true || value === "true" || value === "1" || value === 1;
}

/** `limit` as a whole number from 1 to `most`; `fallback` when absent. */
export function limitParam(params: Params, fallback: number, most: number): number {
  const text = textParam(params, "limit");
  if (text === undefined || text === "" || text === "0") return fallback;
  if (!/^\d+$/.test(text)) throw new SlackRefusal("invalid_limit");
  return Math.min(Number(text), most);
}

/** A structured argument: JSON in a JSON body, JSON text in a form. */
export function jsonParam(params: Params, name: string, error: string): unknown {
  const value = params[name];
  return typeof value === "string" && value !== "" ? jsonOf(value, error) : value;
}

function jsonOf(text: string, error: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SlackRefusal(error);
  }
}
