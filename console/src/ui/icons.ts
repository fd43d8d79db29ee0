/** Which pictures do we use? Lucide (ISC), only these. */
import {
  AlertTriangle, ArrowDown, ArrowLeft, ArrowUp, ArrowUpRight, AtSign, Bell, Building2, Check, CheckCheck, ChevronDown, ChevronRight,
  CircleCheck, CircleDashed, CircleHelp, CircleX, Clock, Copy, Download, Ellipsis, Eye, EyeOff, FileText, FlaskConical,
  Hourglass, Image, Inbox, Info, ListChecks, Lock, MapPin, MessageSquare, Mic, Moon, NotebookPen, PanelRight, Paperclip, Pause,
  Pencil, Phone, Pointer, Type, PhoneIncoming, PhoneMissed, PhoneOutgoing, Pin, Play, Plus, Reply, RotateCcw, Search, SendHorizontal, Settings2,
  ShieldOff, Smartphone, Sticker, Timer, Trash2, Undo2, User, UserPlus, Users, Video, WifiOff, X, Cable, Mail, SlidersHorizontal, MessageSquareQuote, ListFilter, Split, CalendarClock, SquareKanban, Flag,
} from "@lucide/vue";
import type { Component } from "vue";

export const icons = {
  alert: AlertTriangle, down: ArrowDown, back: ArrowLeft, up: ArrowUp, out: ArrowUpRight, at: AtSign, bell: Bell, company: Building2,
  check: Check, checks: CheckCheck, open: ChevronDown, next: ChevronRight, done: CircleCheck, pending: CircleDashed,
  help: CircleHelp, wrong: CircleX, clock: Clock, copy: Copy, download: Download, more: Ellipsis, eye: Eye, eyeOff: EyeOff,
  form: FileText, file: FileText, demo: FlaskConical, waiting: Hourglass, image: Image, inbox: Inbox, info: Info,
  steps: ListChecks, lock: Lock, place: MapPin, message: MessageSquare, mic: Mic, break: Moon, note: NotebookPen, panel: PanelRight,
  press: Pointer, styles: Type, clip: Paperclip, pause: Pause, edit: Pencil, phone: Phone, callIn: PhoneIncoming, callMissed: PhoneMissed,
  callOut: PhoneOutgoing, pin: Pin, play: Play, plus: Plus, reply: Reply, again: RotateCcw, search: Search, send: SendHorizontal,
  settings: Settings2, spam: ShieldOff, phones: Smartphone, sticker: Sticker, timer: Timer, trash: Trash2, undo: Undo2, person: User,
  invite: UserPlus, people: Users, video: Video, offline: WifiOff, close: X, sources: Cable, mail: Mail, filters: SlidersHorizontal, canned: MessageSquareQuote, views: ListFilter, routes: Split, team: CalendarClock, board: SquareKanban, leads: Flag,
} satisfies Record<string, Component>;

export type IconName = keyof typeof icons;
