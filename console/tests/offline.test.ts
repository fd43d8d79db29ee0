import { describe, expect, it } from "vitest";
import { answerOf, outdated } from "@/offline/rules";

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
