import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Deployment } from "./deployment.ts";
import { load } from "./modules.ts";
import { vJson } from "../sync/sync_protocol.ts";

const vCron = z.object({
  name: z.string(),
  args: z.array(vJson),
  schedule: z.looseObject({
    type: z.string(),
    seconds: z.number().optional(),
    minutes: z.number().optional(),
    hours: z.number().optional(),
  }),
});

/** Starts the interval jobs of crons.ts. Jobs at a time of day are logged and not run. */
export async function scheduleCrons(
  functionsDir: string,
  deployment: Pick<Deployment, "runScheduled">,
  log: (line: string) => void,
): Promise<void> {
  const file = join(functionsDir, "crons.ts");
  if (!existsSync(file)) return;
  const { crons } = z
    .object({ crons: z.record(z.string(), vCron) })
    .parse((await load(file)).default);
  for (const [job, { name, args, schedule }] of Object.entries(crons)) {
    const { seconds = 0, minutes = 0, hours = 0 } = schedule;
    const everyMs = ((hours * 60 + minutes) * 60 + seconds) * 1000;
    if (schedule.type !== "interval" || everyMs <= 0) {
      log(`cron "${job}" is not run: only intervals are supported`);
      continue;
    }
    setInterval(() => void deployment.runScheduled(name, args[0] ?? {}), everyMs).unref();
  }
}
