import { cronJobs, makeFunctionReference } from "convex/server";

const crons = cronJobs();
const tick = makeFunctionReference<"mutation">("notes:addHidden");
crons.interval("often", { seconds: 30 }, tick, { room: "cron", text: "tick" });
crons.daily("at night", { hourUTC: 3, minuteUTC: 0 }, tick, { room: "cron", text: "night" });

export default crons;
