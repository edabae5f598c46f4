/** Reads what was typed: arguments and options of commander as the types that commands work with. */
import type { Refresh } from '../config/model.ts';
import { UserError } from '../errors.ts';
import { type Allowance, parseAllowance } from '../plan/guards.ts';
import { plural } from '../words.ts';

/** A list argument such as `[sync...]`; empty when nothing was typed. */
export function listArgument(argument: unknown): readonly string[] {
  return Array.isArray(argument) ? argument.map(String) : [];
}

export function textOption(option: unknown): string | undefined {
  return typeof option === 'string' ? option : undefined;
}

export function numberOption(option: unknown): number | undefined {
  return typeof option === 'number' ? option : undefined;
}

export function refreshOption(option: unknown): Refresh | undefined {
  return option === 'changed' || option === 'all' || option === 'none' ? option : undefined;
}

/** `--allow`, as often as it was typed. Throws `UserError` on what it does not understand, or on a sync that is not there. */
export function allowances(option: unknown, syncs: readonly string[]): readonly Allowance[] {
  const parsed = listArgument(option).map((text) => parseAllowance(text));
  const stranger = parsed.find((each) => !syncs.includes(each.sync));
  if (stranger === undefined) return parsed;
  throw new UserError(`--allow: there is no sync "${stranger.sync}" in this plan`, { hint: `The syncs are ${syncs.join(', ')}.` });
}

/**
 * A record's key as typed: the value itself, or for a key of several fields the values with commas between them.
 * A JSON array is understood for values with commas in them. Throws `UserError` when the number of parts is wrong.
 */
export function parseKey(text: string, fields: readonly string[]): readonly string[] {
  const parts = text.startsWith('[') ? jsonKey(text) : undefined;
  const key = parts ?? (fields.length === 1 ? [text] : text.split(',').map((part) => part.trim()));
  if (key.length === fields.length) return key;
  throw new UserError(`the key '${text}' has ${plural(key.length, 'part')}, the sync's key has ${fields.length}: ${fields.join(', ')}`, {
    hint: `Separate the parts with commas, or write a JSON array: '["a","b"]'.`,
  });
}

function jsonKey(text: string): readonly string[] | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return Array.isArray(data) && data.every((part) => typeof part === 'string') ? data : undefined;
  } catch {
    // Not JSON: a value that happens to begin with a bracket.
    return undefined;
  }
}
