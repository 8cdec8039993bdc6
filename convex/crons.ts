import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();

crons.interval("sweep", { hours: 1 }, internal.sweep.run, {});
crons.interval("retention", { hours: 24 }, internal.retention.expire, {});

export default crons;
