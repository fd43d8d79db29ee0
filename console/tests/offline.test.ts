import { describe, expect, it } from "vitest";
import { answerOf, outdated } from "@/offline/rules";
import { bytesOf, told, wordsOf } from "@/offline/keys";
import { buttonsOf, ours, readSaid } from "@/offline/said";

const HOME = "https://inbox.example";
const asked = (path: string, mode = "cors", method = "GET") => answerOf({ url: new URL(path, HOME).href, mode, method }, HOME);

describe("what the service worker answers", () => {
  it.each(["/api/v1/session", "/api/openapi.json", "/hooks/1/key", "/f/form", "/f/form.js", "/healthz", "/metrics"])("nothing of the server: %s", (path) => {
    expect([asked(path), asked(path, "navigate")]).toEqual(["none", "none"]);
  });
  it("pages, and the files they are made of", () => {
    expect(asked("/inbox/d/1?view=all", "navigate")).toBe("page");
    expect(asked("/assets/index-abc.js", "no-cors")).toBe("asset");
    expect(asked("/manifest.webmanifest")).toBe("none");
  });
  it("nothing that changes anything, and nobody else's", () => {
    expect(asked("/assets/x.js", "cors", "POST")).toBe("none");
    expect(asked("https://elsewhere.example/assets/x.js")).toBe("none");
  });
  it("keeps the version before for tabs that are still open", () => {
    expect(outdated(["shell-1", "else", "shell-2", "shell-3"], "shell-", "shell-3")).toEqual(["shell-1"]);
    expect(outdated(["shell-1"], "shell-", "shell-1")).toEqual([]);
    expect(outdated(["shell-1", "shell-2", "shell-3"], "shell-", "shell-1")).toEqual(["shell-2"]);
  });
});

describe("what is said to a browser whose page is closed", () => {
  const said = { title: "Новый лид №7", body: "Ответьте в течение 2 мин.", url: "/offer/0192-aa", tag: "offer-1", offer: "0192-aa", take: "Взять" };
  it("is shown with the button that takes the lead", () => {
    const read = readSaid(JSON.stringify(said));
    expect(read).toEqual({ ...said, quiet: false });
    expect(buttonsOf(read!)).toEqual([{ action: "take", title: "Взять" }]);
    expect(buttonsOf(readSaid(JSON.stringify({ ...said, offer: "../x" }))!)).toEqual([]);
  });
  it.each(["", "{", "null", "[]", '{"body":"x"}', '{"title":5}'])("is nothing when it cannot be read: %s", (text) => expect(readSaid(text)).toBeNull());
  it.each(["https://elsewhere.example/x", "//elsewhere.example", "javascript:alert(1)", "/a b", 5, undefined])("leads nowhere but to pages of ours: %s", (url) => {
    expect(readSaid(JSON.stringify({ ...said, url }))!.url).toBe("/");
  });
  it("knows the way home with a place on the page", () => expect(ours("/profile#notify")).toBe("/profile#notify"));
  it("keys are written and read as the gateway does", () => {
    expect(wordsOf(bytesOf("BP4z9KsN-_Q").buffer)).toBe("BP4z9KsN-_Q");
    const keys = { p256dh: "BCVx", auth: "BTBZ" };
    expect(told({ toJSON: () => ({ endpoint: "https://push.example.org/x", expirationTime: null, keys }) })).toEqual({ endpoint: "https://push.example.org/x", p256dh: "BCVx", auth: "BTBZ" });
  });
});
