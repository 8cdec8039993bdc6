import { useState } from "react";
import type { PlatformName, PostFault } from "../../protocol.ts";
import { useSecondsOf } from "../hooks/use_seconds.ts";
import { usePlayground } from "../playground_context.ts";

const FAULTS: readonly { readonly fault: PostFault; readonly label: string }[] = [
  { fault: "limited", label: "is rate limited, 5 s" },
  { fault: "failed", label: "fails with error 500" },
  { fault: "lostAnswer", label: "is made, its response lost" },
  { fault: "refused", label: "is refused: no permission" },
];

const PLATFORMS: readonly { readonly platform: PlatformName; readonly title: string }[] = [
  { platform: "discord", title: "Discord" },
  { platform: "slack", title: "Slack" },
];

/** Controls that inject faults. */
export function BreakPanel() {
  const { playground, send } = usePlayground();
  const { bridge, convexAway } = playground;
  const seconds = useSecondsOf(bridge === "starting");
  return (
    <section className="break" id="break" aria-label="Break it">
      <h2>Break it:</h2>
      <button
        type="button"
        className="kill"
        disabled={bridge === "starting"}
        onClick={() => void send({ kind: bridge === "running" ? "killBridge" : "startBridge" })}
      >
        {bridge === "running"
          ? "Kill the bridge"
          : bridge === "starting"
            ? `The bridge starts … ${seconds} s`
            : "Start the bridge"}
      </button>
      <button
        type="button"
        aria-pressed={convexAway}
        onClick={() => void send({ kind: "convexAway", away: !convexAway })}
      >
        {convexAway ? "Bring Convex back online" : "Take Convex offline"}
      </button>
      <BreakPlatform />
    </section>
  );
}

function BreakPlatform() {
  const { send } = usePlayground();
  const [platform, setPlatform] = useState<PlatformName>("discord");
  const [fault, setFault] = useState<PostFault>("limited");
  const [planned, setPlanned] = useState<string>();
  const fail = async () => {
    await send({ kind: "failNextPost", platform, fault });
    setPlanned("It will");
    setTimeout(() => setPlanned(undefined), 2_000);
  };
  return (
    <div className="fail">
      <select
        aria-label="Platform to break"
        value={platform}
        onChange={({ target }) => setPlatform(target.value === "slack" ? "slack" : "discord")}
      >
        {PLATFORMS.map((each) => (
          <option key={each.platform} value={each.platform}>
            {each.title}
          </option>
        ))}
      </select>
      <button type="button" onClick={() => void send({ kind: "cutConnections", platform })}>
        Disconnect
      </button>
      <label>
        its next post{" "}
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
      <button type="button" className="plan" onClick={() => void fail()}>
        {planned ?? "Fail it"}
      </button>
    </div>
  );
}
