/** What records, collections and composites share: options in headers, results, and faults that strike rows. */
import type { Call } from './call.ts';
import type { Kind } from './calls.ts';
import type { Faults } from './faults.ts';
import type { Row } from './parse-row.ts';
import { failed, type WriteOptions, type WriteResult } from './write-result.ts';

/** Options that a request names in its headers. `Sforce-Auto-Assign` is a boolean or the id of a rule, and defaults to TRUE, saving duplicates to false. */
export function headerOptions(headers: Readonly<Record<string, string>>): WriteOptions {
  const assign = headers['sforce-auto-assign'] ?? 'true';
  const duplicates = headers['sforce-duplicate-rule-header'] ?? '';
  return {
    autoAssign: /^(true|false)$/i.test(assign) ? assign.toLowerCase() === 'true' : assign,
    allowDuplicates: /\ballowSave\s*=\s*true\b/i.test(duplicates),
  };
}

/** Rows that a fault refuses, by position; undefined where none is due. */
export function struckRows(
  faults: Faults,
  kind: Kind,
  request: string,
  rows: readonly Row[],
): ReadonlyMap<number, WriteResult> | undefined {
  const fault = faults.take(kind, request, ['lock', 'cpu-limit']);
  if (fault === undefined) return undefined;
  if (fault.do === 'cpu-limit') return rows.length > (fault.rows ?? 0) ? all(rows, overLimit()) : undefined;
  const locked = failed('UNABLE_TO_LOCK_ROW', fault.message ?? 'unable to obtain exclusive access to this record');
  const struck = [...rows.entries()].filter(([, row]) => fault.match?.test(JSON.stringify(row)) !== false);
  return new Map(struck.slice(0, fault.rows ?? struck.length).map(([at]) => [at, locked]));
}

function all(rows: readonly Row[], result: WriteResult): ReadonlyMap<number, WriteResult> {
  return new Map(rows.map((_, at) => [at, result]));
}

function overLimit(): WriteResult {
  return failed(
    'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    'Sandbox: execution of AfterUpdate caused by: System.LimitException: Apex CPU time limit exceeded',
  );
}

/** The request as faults see it: `PATCH /composite/sobjects/Account/Ext__c`. */
export function requestOf(call: Call): string {
  return `${call.method} ${call.path}`;
}
