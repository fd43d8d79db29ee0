// What can be pressed on this page now, each by its name: not what is off, hidden, chosen already or leads outside.
const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 1;
const chosen = (one) =>
  ["aria-pressed", "aria-selected", "aria-checked"].some((name) => one.getAttribute(name) === "true") ||
  ["page", "true"].includes(one.getAttribute("aria-current"));
const outside = (one) => one.tagName === "A" && (!one.href.startsWith(location.origin) || one.href === location.href);
const name = (one) => (one.getAttribute("aria-label") || one.innerText || one.title || "?").trim().replace(/\s+/g, " ");
const things = () =>
  [...document.querySelectorAll("button, a[href], [role=button], [role=tab], [role=switch]")].filter(
    (one) => shown(one) && !one.disabled && one.getAttribute("aria-disabled") !== "true" && !chosen(one) && !outside(one) && !one.closest("[role=option], [aria-hidden=true]"),
  );
const names = () => things().map((one) => name(one).replace(/\d+/g, "#"));
const nth = (wanted, place) => things().filter((one) => name(one).replace(/\d+/g, "#") === wanted)[place] ?? null;
