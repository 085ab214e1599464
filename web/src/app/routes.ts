// SPDX-License-Identifier: Apache-2.0
// Every page: its path, what loads it, and where it stands in the navigation. One route, one chunk.
import type { ComponentType } from "preact";
import type { Need } from "./session";

/** What a page gets: the values of its path's names. */
export interface PageProps {
  params: Record<string, string>;
}

export interface RouteEntry {
  path: string;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
  /** Named in the navigation and the command palette under this heading; absent: reached from elsewhere. */
  nav?: { group: "Broadcasts" | "Audience" | "Content" | "Settings"; label: string };
  /** What one must be allowed to see it; absent: read. */
  need?: Need;
  /** It stands alone: no navigation, nobody needs to be signed in. */
  bare?: boolean;
}

/** In the order of the navigation. The first whose pattern matches a path is shown. */
export const ROUTES: readonly RouteEntry[] = [
  // -- broadcasts
  {
    path: "/broadcasts",
    load: () => import("../pages/broadcasts/broadcasts"),
    nav: { group: "Broadcasts", label: "Broadcasts" },
  },
  { path: "/broadcasts/:id/sends", load: () => import("../pages/history/history") },
  { path: "/broadcasts/:id/history", load: () => import("../pages/versions/versions") },
  { path: "/broadcasts/:id/metrics", load: () => import("../pages/metrics/of-broadcast") },
  { path: "/broadcasts/:id/actions/:action/condition", load: () => import("../pages/broadcast/condition") },
  { path: "/broadcasts/:id/:step?", load: () => import("../pages/broadcast/broadcast") },
  // -- composer
  { path: "/broadcasts/:id/actions/:action", load: () => import("../pages/composer/composer") },
  // -- watching: triggers, deliveries, metrics
  { path: "/triggers/:id", load: () => import("../pages/trigger/trigger") },
  {
    path: "/deliveries",
    load: () => import("../pages/deliveries/deliveries"),
    nav: { group: "Broadcasts", label: "Deliveries" },
  },
  { path: "/deliveries/:id", load: () => import("../pages/delivery/delivery") },
  {
    path: "/performance",
    load: () => import("../pages/metrics/metrics"),
    nav: { group: "Broadcasts", label: "Metrics" },
  },
  // -- drafts
  {
    path: "/drafts",
    load: () => import("../pages/drafts/drafts"),
    nav: { group: "Broadcasts", label: "Drafts" },
  },
  // -- audience: people, imports, segments, exports
  {
    path: "/people",
    load: () => import("../pages/people/people"),
    nav: { group: "Audience", label: "People" },
  },
  { path: "/people/:id", load: () => import("../pages/person/person") },
  {
    path: "/imports",
    load: () => import("../pages/imports/imports"),
    nav: { group: "Audience", label: "Imports" },
  },
  { path: "/imports/:id", load: () => import("../pages/imports/import") },
  {
    path: "/segments",
    load: () => import("../pages/segments/segments"),
    nav: { group: "Audience", label: "Segments" },
  },
  { path: "/segments/new", load: () => import("../pages/segments/conditions") },
  { path: "/segments/:id/conditions", load: () => import("../pages/segments/conditions") },
  { path: "/segments/:id", load: () => import("../pages/segments/segment") },
  {
    path: "/exports",
    load: () => import("../pages/exports/exports"),
    nav: { group: "Audience", label: "Exports" },
  },
  // -- content: snippets, layouts
  {
    path: "/snippets",
    load: () => import("../pages/snippets/snippets"),
    nav: { group: "Content", label: "Snippets" },
  },
  {
    path: "/layouts",
    load: () => import("../pages/layouts/layouts"),
    nav: { group: "Content", label: "Layouts" },
  },
  { path: "/layouts/:id", load: () => import("../pages/layouts/layout") },
  // -- settings: senders, topics, suppression, webhooks, providers, outbox
  {
    path: "/senders",
    load: () => import("../pages/senders/senders"),
    nav: { group: "Settings", label: "Sender identities" },
  },
  {
    path: "/topics",
    load: () => import("../pages/topics/topics"),
    nav: { group: "Settings", label: "Topics" },
  },
  {
    path: "/webhooks",
    load: () => import("../pages/webhooks/webhooks"),
    nav: { group: "Settings", label: "Reporting webhooks" },
  },
  { path: "/webhooks/:id", load: () => import("../pages/webhooks/webhook") },
  {
    path: "/suppression",
    load: () => import("../pages/suppression/suppression"),
    nav: { group: "Settings", label: "Suppression" },
  },
  {
    path: "/outbox/:index?",
    load: () => import("../pages/outbox/outbox"),
    nav: { group: "Settings", label: "Inbox" },
  },
  {
    path: "/providers",
    load: () => import("../pages/providers/providers"),
    nav: { group: "Settings", label: "Providers" },
  },
  // -- access: sign-in, users, keys, audit, workspace, profile
  { path: "/sign-in", load: () => import("../pages/signin/sign-in"), bare: true },
  { path: "/join", load: () => import("../pages/signin/join"), bare: true },
  {
    path: "/keys",
    load: () => import("../pages/keys/keys"),
    nav: { group: "Settings", label: "API keys" },
    need: "own",
  },
  {
    path: "/users",
    load: () => import("../pages/users/users"),
    nav: { group: "Settings", label: "Users" },
    need: "own",
  },
  {
    path: "/audit",
    load: () => import("../pages/audit/audit"),
    nav: { group: "Settings", label: "Audit log" },
    need: "own",
  },
  {
    path: "/workspace",
    load: () => import("../pages/workspace/workspace"),
    nav: { group: "Settings", label: "Workspace" },
  },
  { path: "/profile", load: () => import("../pages/profile/profile") },
];

/** Where the page opens. */
export const HOME = "/broadcasts";
