/** Given and expected records as what a plan compares: canonical text in the fields' own types. */
import type { FieldType } from '../canonical/types.ts';
import type { Problem } from '../errors.ts';
import type { BoundSync } from '../plan/bind.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Cell } from './cell.ts';
import type { Wanted, WantedRecord, WantedValue } from './compare.ts';
import type { LiveRecord } from './ends.ts';
import { ACTIONS, type Action, type Expectation, type Expected, type ExpectedRecord, type GivenRecord } from './given.ts';
import { keyId } from './outcome.ts';
import { canonicalTexts, type TypedText } from './values.ts';

/** Reads many cells in few statements: ask for each, then `read` once, then take the answers. */
class CellReader {
  readonly #asked: TypedText[] = [];
  #answers: readonly (string | null)[] = [];

  /** Returns the number of the question. */
  ask(type: FieldType, cell: Cell): number {
    return this.#asked.push({ type, text: cell.text }) - 1;
  }

  async read(workspace: Workspace, bound: BoundSync): Promise<void> {
    this.#answers = await canonicalTexts(workspace, this.#asked, { timezone: bound.timezone, rules: bound.capabilities.text });
  }

  answer(question: number): string | null {
    return this.#answers[question] ?? null;
  }
}

/** Records that were written before, or that live in the destination. A value that the field cannot hold is reported. */
export async function readRecords(
  workspace: Workspace,
  bound: BoundSync,
  records: readonly GivenRecord[],
  report: (problem: Problem) => void,
): Promise<readonly LiveRecord[]> {
  const reader = new CellReader();
  const asked = records.map((record) => ({
    record,
    key: bound.key.map((key) => ({ type: key.type, name: key.field, question: reader.ask(key.type, cellOrNull(record, key.field)) })),
    fields: bound.fields
      .filter((field) => record.cells.has(field.name))
      .map((field) => ({ type: field.type, name: field.name, question: reader.ask(field.type, cellOrNull(record, field.name)) })),
  }));
  await reader.read(workspace, bound);
  return asked.map(({ record, key, fields }) => {
    for (const { name, type, question } of [...key, ...fields]) {
      const { text } = cellOrNull(record, name);
      if (text !== null && reader.answer(question) === null) report(misfit(name, type, record.atField(name)));
    }
    return {
      key: key.map(({ question }) => reader.answer(question)),
      values: new Map(fields.map(({ name, question }) => [name, reader.answer(question)])),
    };
  });
}

/** The expectations, ready to be compared. */
export async function readWanted(
  workspace: Workspace,
  bound: BoundSync,
  expected: Expected,
  report: (problem: Problem) => void,
): Promise<readonly Wanted[]> {
  const present = ACTIONS.flatMap((action) => {
    const expectation = expected.actions[action];
    return expectation === null ? [] : [{ action, expectation }];
  });
  const wanted: Wanted[] = [];
  for (const { action, expectation } of present) wanted.push(await readExpectation(workspace, bound, action, expectation, report));
  return wanted;
}

async function readExpectation(
  workspace: Workspace,
  bound: BoundSync,
  action: Action,
  expectation: Expectation,
  report: (problem: Problem) => void,
): Promise<Wanted> {
  const { at } = expectation;
  if (expectation.records === null) return { action, at, expected: expectation.count };
  const reader = new CellReader();
  const asked = expectation.records.map((record) => ({
    record,
    key: record.key.map((cell, index) => reader.ask(bound.key[index]?.type ?? { kind: 'text' }, cell)),
    values: [...record.values]
      .map(([name, cell]) => ({ name, cell, type: typeOf(bound, name) }))
      .map((each) => ({ ...each, question: reader.ask(each.type, each.cell) })),
  }));
  await reader.read(workspace, bound);
  const records = asked.map(({ record, key, values }): WantedRecord => {
    for (const { name, cell, type, question } of values) {
      if (cell.text !== null && reader.answer(question) === null) report(misfit(name, type, record.atField(name)));
    }
    const read = values.map(
      ({ name, cell, question }) => [name, { text: cell.text, canonical: reader.answer(question) } satisfies WantedValue] as const,
    );
    return {
      ...named(
        record,
        key.map((question) => reader.answer(question)),
      ),
      values: new Map(read),
    };
  });
  return { action, at, expected: records };
}

/** A rejected row may have a key that no record can have. */
function named(record: ExpectedRecord, canonical: readonly (string | null)[]): Omit<WantedRecord, 'values'> {
  const written = record.key.map((cell) => cell.text);
  return { key: written, ids: [keyId(canonical), keyId(written)], why: record.why, field: record.field, at: record.at };
}

/** Canonical text of the values that changes write, by field and exact text. */
export async function readWritten(
  workspace: Workspace,
  bound: BoundSync,
  values: readonly { readonly field: string; readonly text: string | null }[],
): Promise<(field: string, text: string | null) => string | null> {
  const typed = values.map(({ field, text }) => ({ type: typeOf(bound, field), text }));
  const canonical = await canonicalTexts(workspace, typed, { timezone: bound.timezone, rules: bound.capabilities.text });
  const known = new Map(values.map(({ field, text }, index) => [JSON.stringify([field, text]), canonical[index] ?? null]));
  return (field, text) => known.get(JSON.stringify([field, text])) ?? null;
}

function typeOf(bound: BoundSync, field: string): FieldType {
  return bound.fields.find((each) => each.name === field)?.type ?? { kind: 'text' };
}

function cellOrNull(record: GivenRecord, name: string): Cell {
  return record.cells.get(name) ?? { text: null, kind: 'null' };
}

function misfit(field: string, type: FieldType, location: Problem['location']): Problem {
  const name = type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind;
  return { message: `the field ${field} is of type ${name}, and this is no value of it`, location };
}
