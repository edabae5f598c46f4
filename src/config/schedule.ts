/** `schedule` of a sync: a word or cron with five fields, in UTC. What it accepts, GitHub's `on.schedule` accepts, too. */
import { Cron } from 'croner';

import { messageOf } from '../errors.ts';

/** What the words stand for, as crontab's `@hourly` to `@monthly`. */
const WORDS: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  weekly: '0 0 * * 0',
  monthly: '0 0 1 * *',
};

export const SCHEDULE_WORDS: readonly string[] = Object.keys(WORDS);

export interface Schedule {
  /** As the sync says it. */
  readonly written: string;
  /** Minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  /** The first scheduled time after a moment. Both are milliseconds since 1970. */
  next(after: number): number;
}

/** A schedule, or what is wrong with it as `message` and `hint`. */
export type ParsedSchedule = { readonly schedule: Schedule } | { readonly message: string; readonly hint: string };

/** Digits, names of months and days, and what joins them. Left out: `L`, `W`, `#`, `?`, which GitHub does not know. */
const FIELD = /^(?:[0-9*/,-]|(?<![a-z])[a-z]{3}(?![a-z]))+$/i;
const HINT = 'cron is minute, hour, day, month, weekday: "30 6 * * 1-5"';

export function parseSchedule(written: string): ParsedSchedule {
  const cron = Object.hasOwn(WORDS, written) ? (WORDS[written] ?? '') : written.trim().split(/\s+/).join(' ');
  const fields = cron.split(' ');
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) {
    return { message: `expected ${SCHEDULE_WORDS.join(', ')} or cron with five fields; found ${JSON.stringify(written)}`, hint: HINT };
  }
  if (/7/.test((fields[4] ?? '').replaceAll(/\/\d+/g, ''))) {
    return { message: `${JSON.stringify(written)} has the weekday 7`, hint: 'weekdays are 0 (Sunday) to 6, or SUN to SAT' };
  }
  try {
    return scheduleOf(written, cron);
  } catch (error) {
    return { message: `${JSON.stringify(written)} is not cron: ${messageOf(error).replace(/^CronPattern: /, '')}`, hint: HINT };
  }
}

/** A leap day comes every eight years at the worst: what does not come from here never does. */
const ANY_DAY = Date.UTC(2000, 0, 1);

function scheduleOf(written: string, cron: string): ParsedSchedule {
  // `paused`: no timer is ever started.
  const times = new Cron(cron, { timezone: 'UTC', mode: '5-part', paused: true });
  if (times.nextRun(new Date(ANY_DAY)) === null)
    return { message: `${JSON.stringify(written)} never comes`, hint: 'no month has such a day' };
  return { schedule: { written, cron, next: (after) => times.nextRun(new Date(after))?.getTime() ?? Number.POSITIVE_INFINITY } };
}
