/** `sluice sandbox salesforce`: an org on this machine, and the connection to it. */
import { once } from 'node:events';
import { resolve } from 'node:path';

import { stringify } from 'yaml';

import { EXIT, UserError } from '../errors.ts';
import { type Sandbox, startSandbox } from '../sandbox/salesforce/index.ts';
import { readSchemaFile } from '../sandbox/salesforce/schema-file.ts';
import { plural } from '../words.ts';
import { numberOption, textOption } from './arguments.ts';
import type { Invocation } from './invocation.ts';
import type { Shell } from './shell.ts';

/** Runs until Ctrl-C. Stdout gets the connection as a document, ready to be kept as a file. */
export async function sandboxSalesforce(shell: Shell, invocation: Invocation): Promise<number> {
  await using sandbox = await start(shell, invocation);
  const file = textOption(invocation.options['file']);
  if (shell.options.json) await shell.printJson(document(sandbox));
  else await shell.print(stringify(connection(sandbox)));
  shell.tell(greeting(sandbox, file));
  if (!shell.context.signal.aborted) await once(shell.context.signal, 'abort');
  return EXIT.ok;
}

async function start(shell: Shell, { options }: Invocation): Promise<Sandbox> {
  const { cwd, now, randomHex } = shell.context;
  const [file, schema] = [textOption(options['file']), textOption(options['schema'])];
  const port = numberOption(options['port']) ?? 0;
  if (port > 65_535) throw new UserError(`--port ${port}: the highest port is 65535`);
  const dailyApiRequests = numberOption(options['apiCalls']);
  try {
    return await startSandbox({
      now,
      randomHex,
      port,
      ...(file === undefined ? {} : { file: resolve(cwd, file) }),
      ...(schema === undefined ? {} : { schema: await readSchemaFile(resolve(cwd, schema)) }),
      ...(dailyApiRequests === undefined ? {} : { dailyApiRequests }),
    });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') throw error;
    throw new UserError(`port ${port} is in use`, { hint: 'Choose another one with --port, or leave it out.', cause: error });
  }
}

/** A Connection document. Its secret opens nothing but this sandbox. */
function connection({ url, credentials }: Sandbox): object {
  return {
    kind: 'Connection',
    name: 'salesforce',
    type: 'salesforce',
    login_url: url,
    auth: { type: 'client_credentials', client_id: credentials.clientId, client_secret: credentials.clientSecret },
  };
}

function document(sandbox: Sandbox): object {
  const { url, credentials } = sandbox;
  const { clientId, clientSecret, username, accessToken, refreshToken } = credentials;
  return {
    url,
    connection: connection(sandbox),
    credentials: { clientId, clientSecret, username, accessToken, refreshToken, privateKey: credentials.privateKey },
  };
}

function greeting({ url, org }: Sandbox, file: string | undefined): string {
  const tables = org.tables();
  const records = tables.reduce((sum, { records: { size }, name }) => sum + (name === 'User' ? 0 : size), 0);
  const kept = file === undefined ? 'kept in memory, gone when it stops' : `kept in ${file} when it stops`;
  return [
    '',
    `A Salesforce org at ${url}: ${plural(tables.length, 'object')}, ${plural(records, 'record')}, ${kept}.`,
    'Keep the document above as a file in the project folder, and name it in a sync: destination: { connection: salesforce, object: Account }.',
    'Records are known by External_ID__c. Press Ctrl-C to stop.',
  ].join('\n');
}
