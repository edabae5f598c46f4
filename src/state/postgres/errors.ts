/** What failures of the state's database mean to the user. */
import { type Location, UserError } from '../../errors.ts';
import { PgError } from '../../postgres/errors.ts';

/** Where the state is, for messages. */
export interface StatePlace {
  /** `schema sluice of connection warehouse`. */
  readonly description: string;
  readonly schema: string;
  /** Where the project file says so. */
  readonly location: Location | undefined;
}

/** The same error with the place of the state in it, and what to do about it. */
export function explainStateError(place: StatePlace, error: unknown): unknown {
  if (!(error instanceof PgError)) return error;
  const said = (message: string, hint: string | undefined): UserError =>
    new UserError(message, { location: place.location, hint, cause: error });
  switch (error.sqlstate) {
    case '42501':
      return said(
        `state in ${place.description}: ${error.message}`,
        'The role needs rights on the schema; `sluice doctor` checks them and docs/state.md lists them.',
      );
    case '53100':
      return said(`state in ${place.description}: the server's disk is full`, 'Free some space there; nothing that was recorded is lost.');
    case '25006':
      return said(`state in ${place.description}: the server is read-only`, 'Is it a replica? State needs the primary.');
    case '42703':
    case '42P01':
      return said(
        `state in ${place.description}: ${error.message}`,
        `Tables of Sluice are missing or have been changed in schema ${place.schema}. Restore them from a backup, or name an empty schema.`,
      );
    default:
      return said(`state in ${place.description}: ${error.message}`, error.suggestion);
  }
}

export function newerSchema(place: StatePlace, format: number, known: number): UserError {
  return new UserError(`state in ${place.description} was written by a newer Sluice (format ${format}; this one knows ${known})`, {
    location: place.location,
    hint: 'Update Sluice to the version that your colleagues or your CI use.',
  });
}
