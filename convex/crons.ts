import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();

crons.daily("retention", { hourUTC: 4, minuteUTC: 10 }, internal.retention.expire, {});

export default crons;
