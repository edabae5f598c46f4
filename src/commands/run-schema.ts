/** `sluice schema`: the JSON Schemas of documents and of what commands print. */
import { readdir } from 'node:fs/promises';

import { SCHEMA_FOLDER } from '../config/schema-folder.ts';
import { readSchema } from '../config/schemas.ts';
import { EXIT, UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { textOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import type { Shell } from './shell.ts';

const SUFFIX = '.schema.json';

export async function runSchema(shell: Shell, { args }: Invocation): Promise<number> {
  const kind = textOption(args[0]);
  const names = await schemaNames();
  if (kind === undefined) {
    if (shell.options.json) await shell.printJson({ schemas: names });
    else await shell.print(`${names.join('\n')}\n`);
    return EXIT.ok;
  }
  const name = kind.toLowerCase();
  if (!names.includes(name)) {
    const near = nearest(name, names);
    throw new UserError(`there is no schema "${kind}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}There are: ${names.join(', ')}.`,
    });
  }
  await shell.printJson(readSchema(name));
  return EXIT.ok;
}

/** What there is a schema of. */
export async function schemaNames(): Promise<readonly string[]> {
  const files = (await readdir(SCHEMA_FOLDER)).filter((file) => file.endsWith(SUFFIX));
  return files.map((file) => file.slice(0, -SUFFIX.length)).toSorted();
}
