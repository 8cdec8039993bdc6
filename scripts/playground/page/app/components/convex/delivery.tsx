import { useMutation } from "convex/react";
import { api } from "../../../../../../convex/_generated/api.js";
import type { Activity } from "../../../../../../convex/model/admin/activity.ts";
import { useNow } from "../../hooks/use_seconds.ts";
import { usePlayground } from "../../playground_context.ts";

const TITLE = { discord: "Discord", slack: "Slack" } as const;

/** Seconds for which a bridge may hold a post before the page counts down until another bridge may take it. */
const USUAL_SECONDS = 5;
const LEASE_SECONDS = 60;

/** Where a post of a message stands, and what to do if it failed. */
export function Delivery({ delivery }: { readonly delivery: Activity["deliveries"][number] }) {
  const { attempt } = usePlayground();
  const retry = useMutation(api.admin.retry);
  const { deliveryId, platform, op, state, attempts, until, reason, step } = delivery;
  return (
    <>
      <span className="delivery" data-state={state}>
        {TITLE[platform]}: {op === "create" ? "" : `${op}, `}
        {state === "leased" ? "being posted" : state}
        {attempts > 1 && ` · try ${attempts}`}
        {until !== undefined && <Until until={until} isHeld={state === "leased"} />}
      </span>
      {(state === "failed" || state === "waiting") && reason !== undefined && (
        <span className="reason">
          {reason} {step}
        </span>
      )}
      {state === "failed" && (
        <button type="button" onClick={() => void attempt(() => retry({ deliveryId }))}>
          Retry
        </button>
      )}
    </>
  );
}

/** Counts down until it goes on. `isHeld`: by a bridge, which usually ends it long before. */
function Until({ until, isHeld }: { readonly until: number; readonly isHeld: boolean }) {
  const left = Math.ceil((until - useNow(true)) / 1_000);
  if (left <= 0) return null;
  if (!isHeld) return <> · goes on in {left} s</>;
  return left > LEASE_SECONDS - USUAL_SECONDS ? null : <> · another bridge may in {left} s</>;
}
