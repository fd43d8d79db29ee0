/** How wide is the page? Three layouts: phone < 768, two panes < 1280, three panes. */
import { computed, ref } from "vue";

const phoneQuery = matchMedia("(max-width: 767px)");
const wideQuery = matchMedia("(min-width: 1280px)");
const phone = ref(phoneQuery.matches);
const wide = ref(wideQuery.matches);
phoneQuery.addEventListener("change", (event) => (phone.value = event.matches));
wideQuery.addEventListener("change", (event) => (wide.value = event.matches));

export const isPhone = computed(() => phone.value);
export const isWide = computed(() => wide.value);
export const isTouch = matchMedia("(pointer: coarse)").matches;
