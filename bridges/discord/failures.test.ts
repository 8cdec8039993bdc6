import { RESTJSONErrorCodes } from "discord-api-types/v10";
import { expect, test } from "vitest";
import {
  CLOSE_CODES,
  closeFailure,
  type Failure,
  REFUSALS,
  STATUSES,
  WITHOUT_CODE,
} from "./failures.ts";

const all: [string, Failure][] = Object.entries({ ...REFUSALS, ...STATUSES, ...WITHOUT_CODE });

test.each(all)("failure %s says what a person does, or can be retried", (_code, failure) => {
  expect(failure.reason).not.toMatch(/[.\n]$/);
  if (failure.step !== undefined) expect(failure.step).toMatch(/^[A-Z].*[^.]$/);
  if (failure.concerns !== "delivery") expect(failure.step).toBeDefined();
  if (failure.retryAfterMs !== undefined) expect(failure.retryable).toBe(true);
  if (failure.uncertain === true) expect(failure.retryable).toBe(true);
});

test("every refusal is a documented code", () => {
  // Newer than the list of the types package.
  const documentedLater = [40333];
  const documented = [...Object.values(RESTJSONErrorCodes), ...documentedLater];
  expect(
    Object.keys(REFUSALS)
      .map(Number)
      .filter((code) => !documented.includes(code)),
  ).toEqual([]);
});

test("every close code after which a client must not reconnect has a step", () => {
  for (const code of [...Object.keys(CLOSE_CODES).map(Number), 4012])
    expect(closeFailure(code)).toMatchObject({ step: expect.stringMatching(/^[A-Z]/) as string });
});
