import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server.js";
import { answerPreflight, serveFile } from "./model/apps/serve_file.ts";

const http = httpRouter();

/*
 * The bytes of a file that `apps.messages` names: `GET /files/<fileId>` at the deployment's site address, with the caller's
 * token in the header `Authorization: Bearer …` (docs/apps.md). Pages of every origin may call it.
 */
http.route({ pathPrefix: "/files/", method: "GET", handler: httpAction(serveFile) });
http.route({ pathPrefix: "/files/", method: "OPTIONS", handler: httpAction(answerPreflight) });

export default http;
