import { useState } from "react";
import type { PlatformName, PostFault } from "../../protocol.ts";
import { usePlayground } from "../playground_context.ts";

const FAULTS: readonly { readonly fault: PostFault; readonly label: string }[] = [
  { fault: "limited", label: "rate limit, 5 s" },
  { fault: "failed", label: "error 500" },
  { fault: "lostAnswer", label: "posted, response lost" },
  { fault: "refused", label: "no permission" },
];

/** Controls that inject faults. */
export function BreakPanel() {
  const { playground, send } = usePlayground();
  const { bridge, convexAway } = playground;
  return (
    <section className="break" id="break" aria-label="Break it">
      <h2>Break it:</h2>
      <button
        type="button"
        disabled={bridge === "starting"}
        onClick={() => void send({ kind: bridge === "running" ? "killBridge" : "startBridge" })}
      >
        {bridge === "running"
          ? "Kill the bridge"
          : bridge === "starting"
            ? "The bridge is starting …"
            : "Start the bridge"}
      </button>
      <button
        type="button"
        aria-pressed={convexAway}
        onClick={() => void send({ kind: "convexAway", away: !convexAway })}
      >
        {convexAway ? "Bring Convex back online" : "Take Convex offline"}
      </button>
      <FailPost platform="discord" title="Discord" />
      <FailPost platform="slack" title="Slack" />
    </section>
  );
}

function FailPost(props: { readonly platform: PlatformName; readonly title: string }) {
  const { platform, title } = props;
  const { send } = usePlayground();
  const [fault, setFault] = useState<PostFault>("limited");
  const [planned, setPlanned] = useState<string>();
  return (
    <div className="fail">
      <label>
        {title}&rsquo;s next post{" "}
        <select
          value={fault}
          onChange={({ target }) =>
            setFault(FAULTS.find((each) => each.fault === target.value)?.fault ?? "limited")
          }
        >
          {FAULTS.map(({ fault: value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-label={`Fail ${title}'s next post`}
        onClick={() =>
          void send({ kind: "failNextPost", platform, fault }).then(() => {
            setPlanned("will fail");
            setTimeout(() => setPlanned(undefined), 2_000);
          })
        }
      >
        {planned ?? "Fail it"}
      </button>
      <button
        type="button"
        aria-label={`Cut ${title}'s connection`}
        onClick={() => void send({ kind: "cutConnections", platform })}
      >
        Disconnect
      </button>
    </div>
  );
}
