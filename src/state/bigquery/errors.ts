/** What failures of the state's dataset mean to the user. */
import { BigQueryError } from '../../bigquery/errors.ts';
import { type Location, UserError } from '../../errors.ts';

/** Where the state is, for messages. */
export interface StatePlace {
  /** `dataset sluice of connection warehouse`. */
  readonly description: string;
  readonly dataset: string;
  /** Where the project file says so. */
  readonly location: Location | undefined;
}

/** The same error with the place of the state in it, and what to do about it. */
export function explainStateError(place: StatePlace, error: unknown): unknown {
  if (!(error instanceof BigQueryError)) return error;
  const said = (message: string, hint: string | undefined): UserError =>
    new UserError(`state in ${place.description}: ${message}`, { location: place.location, hint, cause: error });
  if (error.reason === 'notFound') {
    return said(
      error.message,
      `Tables of Sluice are missing in dataset ${place.dataset}. BigQuery keeps deleted ones for seven days (bq cp TABLE@-3600000 TABLE); or name an empty dataset.`,
    );
  }
  return said(error.message, undefined);
}

export function newerTables(place: StatePlace, format: number, known: number): UserError {
  return new UserError(`state in ${place.description} was written by a newer Sluice (format ${format}; this one knows ${known})`, {
    location: place.location,
    hint: 'Update Sluice to the version that your colleagues or your CI use.',
  });
}

export function foreignMeta(place: StatePlace): UserError {
  return new UserError(`state in ${place.description}: the dataset has a table sluice_meta that is not Sluice's`, {
    location: place.location,
    hint: 'Name a dataset of its own: state: { connection: ..., dataset: sluice }.',
  });
}

/** A dataset may give its tables an end, and a sandbox project always does: state would be forgotten without a word. */
export function vanishingTables({ description, dataset, location }: StatePlace): UserError {
  return new UserError(`state in ${description}: tables of this dataset expire, and with them what Sluice remembers`, {
    location,
    hint: `Take the default away and begin again with an empty dataset: bq update --default_table_expiration 0 ${dataset}. In a project without billing every table expires.`,
  });
}

/** `where`: the connection's project and location. */
export function missingDataset(
  { description, dataset, location }: StatePlace,
  where: { project: string; location: string | undefined },
): UserError {
  return new UserError(`state in ${description}: there is no dataset ${dataset} in project ${where.project}`, {
    location,
    hint: `Make it where the data is: bq --location=${where.location ?? 'LOCATION'} mk --dataset ${where.project}:${dataset}`,
  });
}
