import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import type { World } from "./access_world.ts";
import { type Backend, IDS, type Role } from "./backend.ts";
import { said } from "./events.ts";
export type Caller = Backend["t"] | Backend["admin"];

/** The result for a role: "ok", the kind of list where that matters ("some", "[]"), or the failure. */
type Cell = "ok" | "some" | "FORBIDDEN" | "gone" | "[]" | "Channel not found" | "User not found";

interface Row {
  /** Absent: the function is internal, and no role can call it. */
  readonly call?: (as: Caller, world: World) => Promise<unknown>;
  readonly cells?: Record<Role, Cell>;
}

const all = <Of extends Cell>(cell: Of) =>
  ({ nobody: cell, guest: cell, member: cell, discord: cell, slack: cell, admin: cell }) as const;
const everybody = all("ok");
const bridges = { ...all("FORBIDDEN"), discord: "ok", slack: "ok" } as const;
const onlyDiscord = { ...bridges, slack: "FORBIDDEN" } as const;
const admins = { ...all("FORBIDDEN"), admin: "ok" } as const;
const people = { ...all("FORBIDDEN"), guest: "ok", member: "ok" } as const;
/** Of a private channel, where the member may do everything and the guest nothing. */
const orNothing = { ...all("[]"), member: "some", admin: "some" } as const;
const hidden = (error: Cell) => ({ ...all(error), admin: "ok" }) as const;
const membersToo = (error: Cell) => ({ ...hidden(error), member: "ok" }) as const;
const internalOnly: Row = {};

/** Every function, and who may call it. A name may have several rows: `name (of what)`. */
export const TABLE: Record<string, Row> = {
  "index:createUser": {
    call: (as) => as.mutation(api.index.createUser, { name: "x" }),
    cells: everybody,
  },
  "index:createChannel": {
    call: (as) => as.mutation(api.index.createChannel, { name: "x" }),
    cells: everybody,
  },
  "index:sendMessage (public channel)": {
    call: (as, { publicChannel, user }) => send(as, publicChannel, user),
    cells: everybody,
  },
  "index:sendMessage (private channel)": {
    call: (as, { onDiscord, memberUser }) => send(as, onDiscord.channelId, memberUser),
    cells: membersToo("Channel not found"),
  },
  "index:sendMessage (private channel, as somebody else)": {
    call: (as, { onDiscord, user }) => send(as, onDiscord.channelId, user),
    cells: { ...hidden("Channel not found"), member: "User not found" },
  },
  "index:sendMessage (private channel, as a mirrored person)": {
    call: (as, { onDiscord, mirrored }) => send(as, onDiscord.channelId, mirrored),
    cells: { ...hidden("Channel not found"), member: "User not found" },
  },
  "index:sendMessage (as a person of an app)": {
    call: (as, { publicChannel, memberUser }) => send(as, publicChannel, memberUser),
    cells: membersToo("User not found"),
  },
  "index:sendMessage (as a mirrored person)": {
    call: (as, { publicChannel, mirrored }) => send(as, publicChannel, mirrored),
    cells: hidden("User not found"),
  },
  "index:listMessages (public channel)": {
    call: (as, { publicChannel }) =>
      as.query(api.index.listMessages, { channelId: publicChannel }).then(() => "ok"),
    cells: everybody,
  },
  "index:listMessages (private channel)": {
    call: (as, { onDiscord }) =>
      as.query(api.index.listMessages, { channelId: onDiscord.channelId }),
    cells: orNothing,
  },
  "index:listLatestMessages (public channel)": {
    call: (as, { publicChannel }) =>
      as.query(api.index.listLatestMessages, { channelId: publicChannel }).then(() => "ok"),
    cells: everybody,
  },
  "index:listLatestMessages (private channel)": {
    call: (as, { onSlack }) =>
      as.query(api.index.listLatestMessages, { channelId: onSlack.channelId }),
    cells: orNothing,
  },
  "apps:listChannels": {
    call: (as) => as.query(api.apps.listChannels, {}),
    cells: orNothing,
  },
  "apps:messages (public channel)": {
    call: (as, { publicChannel }) => page(as, publicChannel).then(() => "ok"),
    cells: everybody,
  },
  "apps:messages (private channel)": {
    call: (as, { onDiscord }) => page(as, onDiscord.channelId),
    cells: orNothing,
  },
  "apps:search (private channel)": {
    call: (as, { onDiscord: { channelId } }) =>
      as.query(api.apps.search, { channelId, text: "hello" }),
    cells: orNothing,
  },
  "apps:readableFile": internalOnly,
  "apps:ensureUser": {
    call: (as) => as.mutation(api.apps.ensureUser, { name: "x" }),
    cells: people,
  },
  "index:generateResponse": internalOnly,
  "index:loadContext": internalOnly,
  "index:writeAgentResponse": internalOnly,

  "bridge:mappings": { call: (as) => as.query(api.bridge.mappings, {}), cells: bridges },
  "bridge:cursors": { call: (as) => as.query(api.bridge.cursors, {}), cells: bridges },
  "bridge:standing (Discord's mapping)": {
    call: (as, { onDiscord: { mappingId } }) =>
      as.query(api.bridge.standing, { mappingId, after: "0", rootsBefore: "1", activeSince: 0 }),
    cells: onlyDiscord,
  },
  "bridge:outbox": { call: (as) => as.query(api.bridge.outbox, {}), cells: bridges },
  "bridge:ingest (nothing)": {
    call: (as) => as.mutation(api.bridge.ingest, { events: [], advance: [] }),
    cells: bridges,
  },
  "bridge:ingest (Discord's mapping)": {
    call: (as, { onDiscord }) =>
      as.mutation(api.bridge.ingest, { events: [said(onDiscord.mappingId)], advance: [] }),
    cells: onlyDiscord,
  },
  "bridge:ingest (Discord's cursor)": {
    call: (as, { onDiscord: { mappingId } }) =>
      as.mutation(api.bridge.ingest, { events: [], advance: [{ mappingId, upTo: "9" }] }),
    cells: onlyDiscord,
  },
  "bridge:claim (Discord's delivery)": {
    call: (as, { deliveryOf }) => claim(as, deliveryOf("discord")),
    cells: { ...bridges, slack: "gone" },
  },
  "bridge:claim (Slack's delivery)": {
    call: (as, { deliveryOf }) => claim(as, deliveryOf("slack")),
    cells: { ...bridges, discord: "gone" },
  },
  "bridge:draft (Discord's)": {
    call: async (as, { draftId }) =>
      (await as.query(api.bridge.draft, { draftId })) === null ? "gone" : "ok",
    cells: { ...bridges, slack: "gone" },
  },
  "bridge:exchange (Discord's delivery)": {
    call: (as, { deliveryOf }) =>
      as.mutation(api.bridge.exchange, {
        calls: [
          {
            kind: "settle",
            args: {
              deliveryId: deliveryOf("discord"),
              generation: 0,
              settlement: { kind: "release" },
            },
          },
        ],
      }),
    cells: onlyDiscord,
  },
  "bridge:settle (Discord's delivery)": {
    call: (as, { deliveryOf }) =>
      as.mutation(api.bridge.settle, {
        deliveryId: deliveryOf("discord"),
        generation: 0,
        settlement: {
          kind: "posted",
          post: { part: 1, externalId: "1", upTo: 1 },
          last: true,
          format: "1",
        },
      }),
    cells: onlyDiscord,
  },
  "bridge:announceFile (Discord's mapping)": {
    call: (as, { onDiscord }) => as.mutation(api.bridge.announceFile, fileIn(onDiscord)),
    cells: onlyDiscord,
  },
  "bridge:attachFile (Discord's mapping)": {
    call: (as, { onDiscord, storageId }) =>
      as.mutation(api.bridge.attachFile, { ...fileIn(onDiscord), storageId }),
    cells: onlyDiscord,
  },
  "bridge:fileUnavailable (Discord's mapping)": {
    call: (as, { onDiscord: { mappingId } }) =>
      as.mutation(api.bridge.fileUnavailable, { mappingId, externalId: "1", fileId: "1" }),
    cells: onlyDiscord,
  },
  "bridge:report": {
    call: (as) => as.mutation(api.bridge.report, { people: [], problems: [], health: [] }),
    cells: bridges,
  },

  "admin:map": {
    call: (as) =>
      as.mutation(api.admin.map, { platform: "slack", externalId: "C0000000099", to: "new" }),
    cells: admins,
  },
  "admin:unmap": {
    call: (as) => as.mutation(api.admin.unmap, { platform: "discord", externalId: IDS.discord }),
    cells: admins,
  },
  "admin:countMessages": {
    call: (as) =>
      as.query(api.admin.countMessages, {
        platform: "discord",
        externalId: IDS.discord,
        paginationOpts: { numItems: 10, cursor: null },
      }),
    cells: admins,
  },
  "admin:change": {
    call: (as) =>
      as.mutation(api.admin.change, {
        platform: "discord",
        externalId: IDS.discord,
        trigger: "never",
      }),
    cells: admins,
  },
  "admin:list": { call: (as) => as.query(api.admin.list, {}), cells: admins },
  "doctor:about": { call: (as) => as.query(api.doctor.about, {}), cells: admins },
  "doctor:askModel": { call: (as) => as.action(api.doctor.askModel, {}), cells: admins },
  "doctor:stored": {
    call: (as) =>
      as.query(api.doctor.stored, { platform: "discord", externalId: "1", messageIds: [] }),
    cells: admins,
  },
  "admin:status": { call: (as) => as.query(api.admin.status, {}), cells: admins },
  "admin:transcript": {
    call: (as, { onDiscord: { channelId } }) =>
      as.query(api.admin.transcript, {
        channelId,
        paginationOpts: { numItems: 10, cursor: null },
      }),
    cells: admins,
  },
  "admin:feedback": {
    call: (as) => as.query(api.admin.feedback, { paginationOpts: { numItems: 10, cursor: null } }),
    cells: admins,
  },
  "admin:activity": {
    call: (as, { onDiscord: { channelId } }) => as.query(api.admin.activity, { channelId }),
    cells: admins,
  },
  "admin:search": {
    call: (as, { onDiscord: { channelId } }) =>
      as.query(api.admin.search, { channel: channelId, text: "hello" }),
    cells: admins,
  },
  "admin:deleteMessage": {
    call: (as, { answer }) => as.mutation(api.admin.deleteMessage, { messageId: answer }),
    cells: admins,
  },
  "admin:retry": { call: (as) => as.mutation(api.admin.retry, {}), cells: admins },

  "deliveries:expire": internalOnly,
  "deliveries:wake": internalOnly,
  "purge:purgeMapping": internalOnly,
  "replies:fail": internalOnly,
  "replies:draft": internalOnly,
  "replies:generate": internalOnly,
  "replies:load": internalOnly,
  "replies:store": internalOnly,
  "replies:watch": internalOnly,
  "search:inChannel": internalOnly,
  "sweep:run": internalOnly,
  "tasks:run": internalOnly,
  "retention:expire": internalOnly,
};

/** The newest messages that an app is shown. */
export async function page(as: Caller, channelId: Id<"channels">) {
  const paginationOpts = { numItems: 10, cursor: null };
  return (await as.query(api.apps.messages, { channelId, paginationOpts })).page;
}

export function send(as: Caller, channelId: Id<"channels">, authorId: Id<"users">) {
  return as.mutation(api.index.sendMessage, { channelId, authorId, content: "hi" });
}

function fileIn({ mappingId }: World["onDiscord"]) {
  const ref = { mappingId, externalId: "1", fileId: "1" };
  return { ...ref, sha256: "00", size: 1, type: "image/png" };
}

async function claim(as: Caller, deliveryId: Id<"deliveries">) {
  const { status } = await as.mutation(api.bridge.claim, { deliveryId, owner: "x" });
  return status === "gone" ? "gone" : "ok";
}
