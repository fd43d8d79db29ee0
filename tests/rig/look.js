// What is unsound about the page as it stands? Called with { smallest, leaveOut, locale }; answers with lines of text.
({ smallest, leaveOut, locale }) => {
  const found = [];
  const root = document.documentElement;
  const CONTROLS = "a[href], button, select, textarea, input:not([type=hidden]), summary, [role=button], [role=tab], [role=option], [role=menuitem]";

  const name = (element) =>
    `<${element.tagName.toLowerCase()}> ${(element.ariaLabel || element.innerText || element.title || element.name || "").trim().slice(0, 40)}`;
  const box = (element) => element.getBoundingClientRect();

  /** Shown to somebody, and meant to be used now: not behind a dialog, not off for the moment. */
  const live = (element) => {
    if (element.closest("[inert], [aria-hidden=true]") || element.matches(`:disabled, ${leaveOut}`) || element.closest(leaveOut)) return false;
    if (!element.checkVisibility()) return false; // folded away, in closed details too
    const style = getComputedStyle(element);
    const { width, height } = box(element);
    return style.visibility === "visible" && style.pointerEvents !== "none" && Number(style.opacity) > 0.01 && width > 1 && height > 1;
  };

  /** The part of it that its scrolling ancestors and the window let through. */
  const shown = (element) => {
    let { left, top, right, bottom } = box(element);
    for (let around = element.parentElement; around; around = around.parentElement) {
      const style = getComputedStyle(around);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const clip = box(around);
      [left, top, right, bottom] = [Math.max(left, clip.left), Math.max(top, clip.top), Math.min(right, clip.right), Math.min(bottom, clip.bottom)];
    }
    [left, top, right, bottom] = [Math.max(left, 0), Math.max(top, 0), Math.min(right, innerWidth), Math.min(bottom, innerHeight)];
    return { left, top, right, bottom };
  };

  const covered = (element) => {
    const { left, top, right, bottom } = shown(element);
    const whole = box(element);
    const inView = right - left >= whole.width / 2 && bottom - top >= whole.height / 2;
    if (!inView) return false; // one has to scroll to it first
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const label = element.labels?.[0];
    return !(hit && (hit === element || element.contains(hit) || hit.contains(element) && hit.matches("label") || label?.contains(hit)));
  };

  /** Something that stays put may lie over it by chance: then scrolling must bring it out. */
  const stuck = (element) => {
    if (!covered(element)) return false;
    const places = [];
    for (let around = element.parentElement; around; around = around.parentElement) places.push([around, around.scrollTop, around.scrollLeft]);
    element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const still = covered(element);
    for (const [around, top, left] of places) around.scrollTo({ top, left, behavior: "instant" });
    return still;
  };

  /** A link inside a sentence may be as low as its line (WCAG 2.2, 2.5.8). */
  const inSentence = (element) =>
    element.matches("a") && getComputedStyle(element).display === "inline" && element.parentElement.innerText.trim().length > element.innerText.trim().length;

  if (!document.title.trim()) found.push("the page has no title");
  if (!root.lang) found.push("the page does not say its language");
  else if (locale && root.lang !== locale) found.push(`the page's language is ${root.lang}, not ${locale}`);
  if (root.scrollWidth > innerWidth) found.push(`the page scrolls sideways: ${root.scrollWidth} > ${innerWidth}`);

  const text = [document.body.innerText, document.title].join("\n");
  for (const slip of text.match(/.*(\bundefined\b|\bNaN\b|Invalid Date|\[missing translation.*|\[object Object\]).*/gu) ?? [])
    found.push(`the page says «${slip.trim().slice(0, 80)}»`);

  const controls = [...document.querySelectorAll(CONTROLS)].filter(live);
  for (const control of controls) {
    if (stuck(control)) found.push(`covered: ${name(control)}`);
    const { width, height } = box(control);
    const label = control.labels?.[0];
    const target = label && live(label) ? { width: Math.max(width, box(label).width), height: Math.max(height, box(label).height) } : { width, height };
    if ((target.width < smallest || target.height < smallest) && !inSentence(control))
      found.push(`too small, ${Math.round(target.width)}×${Math.round(target.height)}: ${name(control)}`);
  }
  return found;
}
