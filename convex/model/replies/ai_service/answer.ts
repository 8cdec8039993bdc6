import type { HttpAnswer } from "../completion.ts";
import { AiFailure, errorFailure } from "./completion_errors.ts";
import { fieldAt, textAt } from "../../shared/fields.ts";
import { OUTPUT_TOKENS } from "../../shared/settings.ts";
import { BROKEN_OFF, isBlank, TOO_LONG, visibleText } from "./visible_text.ts";

/** What the AI said, and the tokens it counted. */
export interface Answer {
  readonly content: string;
  readonly usage?: { readonly promptTokens: number; readonly completionTokens: number };
}

/**
 * The answer as people read it: without the reasoning before it, and with a note if it was cut. Why the model refuses to
 * answer is an answer. A field may be missing, null or of any type. Throws `AiFailure`.
 * https://platform.openai.com/docs/api-reference/chat/object
 */
export function readAnswer(answer: HttpAnswer): Answer {
  const completion = jsonIn(answer.body) ?? streamed(answer.body);
  if (answer.status >= 400) throw new AiFailure(errorFailure(answer, completion));
  const choice = bestOf(fieldAt(completion, "choices"));
  const content = visibleText(textOf(choice), CUT[endingOf(choice)]);
  if (content === null) throw noAnswer(completion, choice, answer);
  return { content, ...usageOf(completion) };
}

function jsonIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // Some services wrap an error in a list.
    return Array.isArray(value) ? value[0] : value;
  } catch {
    return undefined;
  }
}

/**
 * The completion in the pieces of a stream, which some services send although none was asked for. Its lines end only as
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream says: what is said may hold other
 * ends of lines (U+2028).
 */
function streamed(body: string): unknown {
  const lines = body.split(/\r\n|\r|\n/).filter((line) => line.startsWith(DATA));
  if (lines.length === 0) return undefined;
  const chunks = lines.map((line) => jsonIn(line.slice(DATA.length)));
  const choices = chunks.map((chunk) => fieldAt(chunk, "choices", 0));
  const last = (name: string, among: readonly unknown[]) =>
    among.map((each) => fieldAt(each, name)).findLast((each) => each !== undefined);
  const content = choices.reduce(withChoice, "");
  const tool_calls = choices.flatMap(toolsOf);
  const finish_reason = last("finish_reason", choices) ?? "error";
  const [usage, error] = [last("usage", chunks), last("error", chunks)];
  return { choices: [{ message: { content, tool_calls }, finish_reason }], usage, error };
}

const DATA = "data:";

/** The text in one line of a stream; empty if it has none. */
export function textInLine(line: string): string {
  return line.startsWith(DATA)
    ? pieceOf(fieldAt(jsonIn(line.slice(DATA.length)), "choices", 0))
    : "";
}

/** What a choice of a stream adds; empty if it only repeats the message so far. */
function pieceOf(choice: unknown): string {
  const delta = fieldAt(choice, "delta");
  return delta === undefined && fieldAt(choice, "message") !== undefined
    ? ""
    : textOf(delta ?? choice);
}

/** The text so far with what a choice says. Some services send the whole message with each piece, or at the end. */
function withChoice(said: string, choice: unknown): string {
  const text = said + pieceOf(choice);
  const message = textOf(fieldAt(choice, "message"));
  if (message.startsWith(text)) return message;
  return fieldAt(choice, "delta") === undefined ? text + message : text;
}

/** The tools, or parts of them, that a choice of a stream calls. */
function toolsOf(choice: unknown): unknown[] {
  const message = fieldAt(choice, "delta") ?? fieldAt(choice, "message");
  const calls = [fieldAt(message, "tool_calls"), fieldAt(message, "function_call")];
  return calls.flat().filter((each) => each !== undefined);
}

/** The first choice with a text, or the first one. */
function bestOf(choices: unknown): unknown {
  const list: unknown[] = Array.isArray(choices) ? choices : [];
  return list.find((choice) => !isBlank(textOf(choice))) ?? list[0];
}

function textOf(choice: unknown): string {
  const message = fieldAt(choice, "message") ?? fieldAt(choice, "delta") ?? choice;
  const content = partsText(fieldAt(message, "content") ?? fieldAt(message, "text"));
  return isBlank(content) ? textAt(message, "refusal") || content : content;
}

/** Parts of other types hold reasoning, or what a tool is asked. */
const SPOKEN = ["", "text", "output_text", "refusal"];

function partsText(content: unknown): string {
  if (typeof content === "string") return content;
  const parts: unknown[] = Array.isArray(content) ? content : [content];
  const spoken = parts.filter((part) => SPOKEN.includes(textAt(part, "type")));
  return spoken
    .map((part) => {
      if (typeof part === "string") return part;
      return textAt(part, "text") || textAt(part, "text", "value") || textAt(part, "refusal");
    })
    .join("");
}

/** Why an answer ended. `whole` is whatever else a service names. */
type Ending = "whole" | "length" | "filter" | "error";

const CUT: Readonly<Record<Ending, string | undefined>> = {
  whole: undefined,
  length: TOO_LONG,
  filter: "The answer ends here: the AI service's content filter cut it.",
  error: BROKEN_OFF,
};

function endingOf(choice: unknown): Ending {
  const reason = textAt(choice, "finish_reason").toLowerCase();
  if (/length|max_.*tokens|window/.test(reason)) return "length";
  if (/filter|safety|recitation|blocklist|prohibited|spii|sensitive/.test(reason)) return "filter";
  return /error|resource|abort|cancel|interrupt|time_?out/.test(reason) ? "error" : "whole";
}

/** What it means that nothing is said. The same question would end in the same way where the service says how it ended. */
function noAnswer(completion: unknown, choice: unknown, answer: HttpAnswer) {
  const ending = endingOf(choice);
  const tools =
    fieldAt(choice, "message", "tool_calls") ?? fieldAt(choice, "message", "function_call");
  const final = (reason: string) => new AiFailure({ reason, retryable: false }, NOTHING);
  if (completion === undefined) return new AiFailure(UNREADABLE);
  if (ending === "length")
    return final(
      `the AI service used its ${OUTPUT_TOKENS} tokens, the output limit, before it answered`,
    );
  if (ending === "filter") return final("the AI service's content filter withheld the answer");
  const error = [choice, completion].find((each) => Boolean(fieldAt(each, "error")));
  if (error ?? isBareError(completion))
    return new AiFailure(errorFailure(answer, error ?? completion));
  if (Array.isArray(tools) ? tools.length > 0 : tools !== undefined)
    return final("the AI service called a tool instead of answering");
  // Silence is paid for too.
  const isSilence = fieldAt(choice, "message") !== undefined;
  return new AiFailure({ ...UNUSABLE, ...(isSilence && { mostAttempts: 2 }) }, NOTHING);
}

/** Some services have an error's fields where a completion would be. */
function isBareError(completion: unknown): true | undefined {
  const isError =
    textAt(completion, "object") === "error" || fieldAt(completion, "code") !== undefined;
  return isError || undefined;
}

const NOTHING = "No content in response";
const UNUSABLE = { reason: "the AI service gave no usable answer", retryable: true };
const UNREADABLE = {
  reason: "the AI service's answer is not JSON, or broke off (is OPENAI_BASE_URL right?)",
  retryable: true,
};

function usageOf(completion: unknown): Pick<Answer, "usage"> {
  const promptTokens = fieldAt(completion, "usage", "prompt_tokens");
  const completionTokens = fieldAt(completion, "usage", "completion_tokens");
  return typeof promptTokens === "number" && typeof completionTokens === "number"
    ? { usage: { promptTokens, completionTokens } }
    : {};
}
