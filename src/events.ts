/** What happens while a command runs, as data. Subscribers (terminal, progress, log lines) decide what a person sees. */

export type SluiceEvent =
  | { readonly type: 'warning'; readonly message: string; readonly sync?: string }
  | { readonly type: 'note'; readonly message: string; readonly sync?: string }
  | { readonly type: 'plan:start'; readonly sync: string }
  /** A step of the planner began: `reading the source`, `reading live records`, ... */
  | { readonly type: 'plan:step'; readonly sync: string; readonly step: string }
  | { readonly type: 'plan:done'; readonly sync: string; readonly ms: number }
  | { readonly type: 'apply:start'; readonly sync: string; readonly total: number }
  /** After each batch: outcomes so far, out of `total` changes of this sync. */
  | { readonly type: 'apply:progress'; readonly sync: string; readonly done: number; readonly total: number; readonly rejected: number }
  | { readonly type: 'apply:retry'; readonly sync: string; readonly attempt: number; readonly waitMs: number; readonly reason: string }
  | { readonly type: 'apply:done'; readonly sync: string; readonly ms: number };
