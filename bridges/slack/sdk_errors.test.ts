import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import { describe, expect, it } from "vitest";
import { explain, fatalError } from "./sdk_errors.ts";

const refusal = (error: string, more: object = {}) =>
  new WebAPIPlatformError({ ok: false, error, ...more });
const broken = (name: string, code?: string) => {
  const cause = Object.assign(new Error(name), code === undefined ? { name } : { code });
  return new WebAPIRequestError(new TypeError("fetch failed", { cause }));
};

describe("a failed request", () => {
  it.each([
    // code, retryable, certain, mapping
    ["not_in_channel", false, true, true],
    ["channel_not_found", false, true, true],
    ["is_archived", false, true, true],
    ["missing_scope", false, true, true],
    ["ekm_access_denied", false, true, true],
    ["org_login_required", true, true, false],
    ["duplicate_message_not_found", true, false, false],
    ["msg_too_long", false, true, false],
    ["msg_blocks_too_long", false, true, false],
    ["some_new_code", false, true, false],
    ["ratelimited", true, true, false],
    ["request_timeout", true, true, false],
    ["internal_error", true, false, false],
    ["fatal_error", true, false, false],
    ["invalid_auth", true, true, false],
    ["token_revoked", true, true, false],
  ])("%s: retryable %s, certain %s, about the mapping %s", (code, retryable, certain, mapping) => {
    const error = explain(refusal(code));
    expect(error).toMatchObject({ code, retryable, certain, mapping });
    if (!retryable) expect(error.step).toBeTruthy();
    else expect(error.step).toBeUndefined();
  });

  it.each([
    ["a server error", new WebAPIHTTPError(503, "", {}, "busy"), "http_503", false],
    ["a request timeout", new WebAPIHTTPError(408, "", {}, ""), "http_408", false],
    ["a refusing proxy", new WebAPIHTTPError(403, "", {}, ""), "http_403", true],
    ["no answer in time", broken("TimeoutError"), "timeout", false],
    ["an answer that was cut off", new DOMException("cut", "TimeoutError"), "timeout", false],
    ["a reset connection", broken("reset", "ECONNRESET"), "network", false],
    ["no connection", broken("refused", "ECONNREFUSED"), "unreachable", true],
    ["an unknown host name", broken("dns", "ENOTFOUND"), "unreachable", true],
    ["an answer that is not JSON", refusal("<html>secret</html>"), "malformed_answer", false],
    ["any other error", "what", "network", false],
  ])("%s can be retried", (_name, error, code, certain) => {
    const read = explain(error);
    expect(read).toMatchObject({ code, certain, retryable: true, step: undefined });
    expect(JSON.stringify([read.code, read.message, read.step, String(read.cause)])).not.toContain(
      "secret",
    );
  });

  it("has the wait that Slack asks for", () => {
    expect(explain(new WebAPIRateLimitedError(7))).toMatchObject({
      code: "ratelimited",
      retryAfterMs: 7_000,
      certain: true,
    });
  });

  it.each([undefined, null, 7])("refused with the code %o was not answered readably", (code) => {
    const { data } = new WebAPIPlatformError({ ok: false, error: "x" });
    // Slack may answer {"ok": false}, whatever the type says.
    const error = explain(new WebAPIPlatformError({ ...data, error: code as unknown as string }));
    expect(error).toMatchObject({ code: "malformed_answer", retryable: true, certain: false });
  });

  it.each([
    [-5, 0],
    [31_536_000, 3_600_000],
  ])("that asks to wait for %s s waits for %s ms", (seconds, ms) => {
    const { retryAfterMs, message } = explain(new WebAPIRateLimitedError(seconds));
    expect(retryAfterMs).toBe(ms);
    expect(message.includes("tried again after an hour")).toBe(seconds > 0);
  });

  it("names the missing scope", () => {
    const { step } = explain(refusal("missing_scope", { needed: "chat:write" }));
    expect(step).toContain("OAuth & Permissions");
    expect(step).toContain("chat:write");
  });
});

describe("a token that does not work", () => {
  it("ends the process with the step that replaces it", () => {
    expect(fatalError(explain(refusal("invalid_auth")), "bot")?.step).toContain(
      "OAuth & Permissions",
    );
    expect(fatalError(explain(refusal("invalid_auth")), "app")?.step).toContain(
      "connections:write",
    );
    expect(fatalError(explain(refusal("missing_scope")), "app")?.step).toContain(
      "App-Level Tokens",
    );
  });

  it("is not assumed when a channel, Slack or the network fails", () => {
    for (const error of [refusal("not_in_channel"), refusal("internal_error"), broken("x", "y")])
      expect(fatalError(explain(error), "bot")).toBeUndefined();
    expect(fatalError(explain(refusal("missing_scope")), "bot")).toBeUndefined();
  });
});
