/** Which address shows which page? The inbox is in the first file; every other page is loaded when it is wanted. */
import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from "vue-router";
import { t } from "@/i18n";
import { asApiError } from "@/api/http";
import InboxPage from "@/pages/InboxPage.vue";
import { arriveHome } from "@/state/boot";
import { ownFirst } from "@/shell/sections";
import { me, may, restore } from "@/state/session";
import { withWords } from "@/ui/late";

declare module "vue-router" {
  interface RouteMeta {
    /** Shown to nobody signed in. */
    open?: boolean;
    inbox?: boolean;
    /** The phone's page about the contact. */
    info?: boolean;
    /** Key of the page's name. */
    title?: string;
    /** Any of these permissions lets in. */
    needs?: readonly string[];
  }
}

const routes: RouteRecordRaw[] = [
  { path: "/", component: { render: () => null } }, // never shown: `allowed` leads home, once it is known whose home
  { path: "/signin", component: withWords(() => import("@/pages/SignInPage.vue")), meta: { open: true, title: "signin.title" } },
  { path: "/offline", component: withWords(() => import("@/pages/OfflinePage.vue")), meta: { open: true, title: "offline.title" } },
  { path: "/enter", component: withWords(() => import("@/pages/EnterPage.vue")), meta: { open: true, title: "enter.title" } },
  { path: "/setup", component: withWords(() => import("@/pages/SetupPage.vue")), meta: { title: "setup.title" } },
  { path: "/inbox", component: InboxPage, meta: { title: "inbox.title", inbox: true, needs: ["conversation.read"] } },
  { path: "/inbox/d/:id", component: InboxPage, meta: { title: "inbox.title", inbox: true, needs: ["conversation.read"] } },
  { path: "/inbox/d/:id/info", component: InboxPage, meta: { title: "inbox.title", inbox: true, info: true, needs: ["conversation.read"] } },
  { path: "/offer/:id", component: withWords(() => import("@/pages/OfferPage.vue")), meta: { title: "offer.title", needs: ["lead.accept"] } },
  { path: "/start", component: withWords(() => import("@/pages/ChecklistPage.vue")), meta: { title: "checklist.title", needs: ["company.edit"] } },
  { path: "/company", component: withWords(() => import("@/pages/CompanyPage.vue")), meta: { title: "company.title", needs: ["company.edit"] } },
  { path: "/routing/:part(queues)?", component: withWords(() => import("@/pages/RoutingPage.vue")), meta: { title: "routing.title", needs: ["source.read"] } },
  { path: "/team/:part(schedule|teams|ledger)?", component: withWords(() => import("@/pages/TeamPage.vue")), meta: { title: "team.title", needs: ["member.read"] } },
  { path: "/team/p/:id", component: withWords(() => import("@/pages/PersonPage.vue")), meta: { title: "team.person", needs: ["member.read"] } },
  { path: "/sources", component: withWords(() => import("@/pages/SourcesPage.vue")), meta: { title: "sources.title", needs: ["source.read"] } },
  { path: "/sources/connect", component: withWords(() => import("@/pages/CataloguePage.vue")), meta: { title: "sources.catalogue", needs: ["source.edit"] } },
  { path: "/sources/connect/:channel", component: withWords(() => import("@/pages/ConnectPage.vue")), meta: { title: "sources.connect", needs: ["source.edit"] } },
  { path: "/sources/:id", component: withWords(() => import("@/pages/SourcePage.vue")), meta: { title: "sources.one", needs: ["source.read"] } },
  { path: "/canned", component: withWords(() => import("@/pages/CannedPage.vue")), meta: { title: "canned.title", needs: ["conversation.reply"] } },
  { path: "/sources/:id/design", component: withWords(() => import("@/pages/DesignPage.vue")), meta: { title: "design.title", needs: ["source.read"] } },
  { path: "/sources/:id/teach", component: withWords(() => import("@/pages/TeachPage.vue")), meta: { title: "teach.title", needs: ["source.read"] } },
  { path: "/sources/:id/learn", component: withWords(() => import("@/pages/LearnPage.vue")), meta: { title: "learn.title", needs: ["source.edit"] } },
  { path: "/reports/calls", component: withWords(() => import("@/pages/CallReportPage.vue")), meta: { title: "report.calls", needs: ["queue.edit"] } },
  { path: "/search", component: withWords(() => import("@/pages/SearchPage.vue")), meta: { title: "search.title", needs: ["contact.read"] } },
  { path: "/deals", component: withWords(() => import("@/pages/DealsPage.vue")), meta: { title: "deals.title", needs: ["deal.read"] } },
  { path: "/deals/:id", component: withWords(() => import("@/pages/DealPage.vue")), meta: { title: "deal.title", needs: ["deal.read"] } },
  { path: "/mine", component: withWords(() => import("@/pages/MinePage.vue")), meta: { title: "mine.title", needs: ["conversation.reply"] } },
  { path: "/notices", component: withWords(() => import("@/pages/NoticesPage.vue")), meta: { title: "notices.title" } },
  { path: "/contacts", component: withWords(() => import("@/pages/ContactsPage.vue")), meta: { title: "contacts.title", needs: ["contact.read"] } },
  { path: "/contacts/doubts", component: withWords(() => import("@/pages/DoubtsPage.vue")), meta: { title: "doubts.title", needs: ["lead.assign"] } },
  { path: "/contacts/:id", component: withWords(() => import("@/pages/ContactPage.vue")), meta: { title: "contact.title", needs: ["contact.read"] } },
  { path: "/contacts/import/:id?", component: withWords(() => import("@/pages/ImportPage.vue")), meta: { title: "imports.title", needs: ["contact.import"] } },
  { path: "/profile", component: withWords(() => import("@/pages/ProfilePage.vue")), meta: { title: "profile.title" } },
  { path: "/demo/client", component: withWords(() => import("@/pages/DemoClientPage.vue")), meta: { title: "demo.title", needs: ["demo.run"] } },
  { path: "/forbidden", component: withWords(() => import("@/pages/ForbiddenPage.vue")), meta: { title: "forbidden.title" } },
  { path: "/:rest(.*)*", component: withWords(() => import("@/pages/NotFoundPage.vue")), meta: { title: "lost.title" } },
];

export const router = createRouter({ history: createWebHistory(), routes });

router.beforeEach(async (to) => {
  if (to.meta.open) return true;
  if (me.value) return allowed(to);
  try {
    if (!(await restore())) return { path: "/signin", query: { to: to.fullPath } };
  } catch (error) {
    return { path: "/offline", query: { to: to.fullPath, problem: asApiError(error).code } };
  }
  void arriveHome();
  return allowed(to);
});

/** A page whose file went with an update of the server: it comes anew, as the address is changing anyway. */
router.onError((error, to, from) => {
  const gone = error instanceof Error && /dynamically imported module|importing a module/iu.test(error.message);
  if (gone && from.matched.length && navigator.onLine) location.assign(to.fullPath);
});

function allowed(to: RouteLocationNormalized): true | { path: string; query?: Record<string, string> } {
  if (me.value?.needs_setup && to.path !== "/setup") return { path: "/setup" };
  if (to.path === "/") return { path: home() };
  const needs = to.meta.needs;
  if (needs && !needs.some(may)) return { path: "/forbidden", query: { page: to.meta.title ?? "" } };
  return true;
}

/** The first page a person may see. */
export function home(): string {
  if (ownFirst()) return "/mine";
  if (!me.value || may("conversation.read")) return "/inbox";
  return may("source.read") ? "/sources" : "/profile";
}

export const titleOf = (to: RouteLocationNormalized): string => (to.meta.title ? t(to.meta.title) : "");
