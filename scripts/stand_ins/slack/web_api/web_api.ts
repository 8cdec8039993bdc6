import type { IncomingMessage, ServerResponse } from "node:http";
import { type AnswerFault, readBody, sendJson } from "../../wire.ts";
import { assistantMethods } from "./assistant_methods.ts";
import { chatMethods } from "./chat_methods.ts";
import { conversationMethods } from "./conversation_methods.ts";
import { fileMethods } from "./file_methods.ts";
import { type Backend, type Method, needScope } from "./method.ts";
import { type Params, paramsOf, textParam } from "./params.ts";
import { SlackRefusal } from "./refusal.ts";

const sharedMethods: Readonly<Record<string, Method>> = {
  "auth.test": {
    token: "bot",
    params: [],
    run: ({ app, bot }) => ({
      url: "https://playground.slack.com/",
      team: "Playground",
      user: bot.name,
      team_id: app.teamId,
      user_id: bot.id,
      bot_id: app.botProfileId,
      is_enterprise_install: false,
    }),
  },
  "apps.connections.open": {
    token: "app",
    params: [],
    run: ({ socketMode, socketUrl }) => ({
      url: `${socketUrl()}?ticket=${socketMode.newTicket()}`,
    }),
  },
  "users.info": {
    token: "bot",
    params: ["user", "include_locale"],
    run: (backend, params) => {
      needScope(backend, "users:read");
      const member = backend.workspace.members.get(textParam(params, "user") ?? "");
      if (!member) throw new SlackRefusal("user_not_found");
      const { id, name } = member;
      return {
        user: {
          id,
          team_id: backend.app.teamId,
          name: name.toLowerCase().replace(/\W+/g, "."),
          real_name: name,
          deleted: false,
          is_bot: member.app !== undefined,
          profile: { display_name: name, real_name: name, team: backend.app.teamId },
        },
      };
    },
  },
  "usergroups.list": {
    token: "bot",
    params: [],
    run: (backend) => {
      needScope(backend, "usergroups:read");
      const groups = [...backend.workspace.userGroups];
      return { usergroups: groups.map(([id, handle]) => ({ id, handle, name: handle })) };
    },
  },
  "bots.info": {
    token: "bot",
    params: ["bot"],
    run: (backend, params) => {
      needScope(backend, "users:read");
      const botId = textParam(params, "bot");
      const member = [...backend.workspace.members.values()].find(
        ({ app }) => app?.botId === botId,
      );
      if (!member?.app) throw new SlackRefusal("bot_not_found");
      const { id, name, app } = member;
      return { bot: { id: app.botId, app_id: app.appId, user_id: id, name, deleted: false } };
    },
  },
};

const methods = new Map(
  Object.entries({
    ...sharedMethods,
    ...assistantMethods,
    ...chatMethods,
    ...conversationMethods,
    ...fileMethods,
  }),
);

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves Slack's Web API under `/api/`. */
export function webApi(
  backend: Backend,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { wire } = backend;
  return async (request, response) => {
    const url = new URL(request.url ?? "/", "http://stand-in");
    const name = /^\/api\/([\w.]+)$/.exec(url.pathname)?.[1];
    if (name === undefined) {
      const what = `${request.method} ${url.pathname}`;
      wire.refuse(what);
      sendJson(response, 501, { message: `the Slack stand-in has no ${what}` });
      return;
    }
    const body = await readBody(request);
    const fault = wire.request(name);
    const params = paramsOf(request.headers["content-type"] ?? "", body, url.searchParams);
    const wait = fault === "deliver" ? postWait(backend, name, params) : undefined;
    const answer = answerTo(wait === undefined ? fault : { retryAfter: wait }, () =>
      call(backend, name, request.headers.authorization, params),
    );
    if (!answer) return; // The request hangs until the client gives up or the stand-in stops.
    wire.answer(name, answer.status, () => {
      sendJson(response, answer.status, answer.body, {
        "x-oauth-scopes": backend.scopes.join(","),
        ...answer.headers,
      });
    });
  };
}

function postWait(
  { postLimiter, updateLimiter }: Backend,
  name: string,
  params: Params,
): number | undefined {
  if (name === "chat.update") return updateLimiter.take("");
  if (name !== "chat.postMessage") return undefined;
  return postLimiter.take(textParam(params, "channel") ?? "");
}

function answerTo(
  fault: AnswerFault | "deliver",
  execute: () => Record<string, unknown>,
): Answer | undefined {
  if (typeof fault === "number") return { status: fault, body: { ok: false, error: "fault" } };
  if (typeof fault === "object") {
    if ("error" in fault) return { status: 200, body: { ok: false, error: fault.error } };
    if ("answer" in fault) return { status: 200, body: fault.answer };
    const headers = { "retry-after": String(fault.retryAfter) };
    return { status: 429, body: { ok: false, error: "ratelimited" }, headers };
  }
  if (fault === "hang") return undefined;
  const body = refusable(execute);
  switch (fault) {
    case "deliver":
      return { status: 200, body };
    case "hangAfterAccept":
      return undefined;
    case "500AfterAccept":
      return { status: 500, body: "internal error" };
  }
}

function refusable(execute: () => Record<string, unknown>): Record<string, unknown> {
  try {
    return { ok: true, ...execute() };
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    return { ok: false, error: error.error, ...error.details };
  }
}

function call(
  backend: Backend,
  name: string,
  authorization: string | undefined,
  given: Params,
): Record<string, unknown> {
  const method = methods.get(name);
  if (!method) {
    backend.wire.refuse(name);
    throw new SlackRefusal("unknown_method");
  }
  // Bolt adds the team to every call. There is only one here.
  const { token: inParams, team_id: _team, ...params } = given;
  const bearer = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  checkToken(backend, method, bearer ?? inParams);
  const unknown = Object.keys(params).filter((param) => !method.params.includes(param));
  if (unknown.length > 0) {
    backend.wire.refuse(`${name}: ${unknown.join(", ")}`);
    throw new SlackRefusal("invalid_arguments", {
      response_metadata: { messages: unknown.map((param) => `[ERROR] unsupported: ${param}`) },
    });
  }
  return method.run(backend, params);
}

function checkToken({ botToken, appToken }: Backend, method: Method, token: unknown): void {
  if (token === undefined || token === "") throw new SlackRefusal("not_authed");
  if (token !== botToken && token !== appToken) throw new SlackRefusal("invalid_auth");
  if ((token === botToken) !== (method.token === "bot")) {
    throw new SlackRefusal("not_allowed_token_type");
  }
}
