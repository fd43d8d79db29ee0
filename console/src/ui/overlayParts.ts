/** Everything of the library of overlays, in one file that comes late. */
export { DropdownMenuItem } from "reka-ui";
export { default as DialogBody } from "./DialogBody.vue";
export { default as MenuBody } from "./MenuBody.vue";
export { default as PopoverBody } from "./PopoverBody.vue";
