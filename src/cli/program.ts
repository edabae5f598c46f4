/** The verbs, their arguments and options. Nothing is loaded before a verb runs. */
import { Command, InvalidArgumentError, Option } from 'commander';

import type { Action, Invocation, OptionWords, VerbWords } from '../commands/invocation.ts';
import { examplesText, EXIT_CODES } from './help.ts';

/** Runs the chosen action: the command line's `main` decides with which shell. */
export type Runner = (verb: string, load: () => Promise<Action>, invocation: Invocation) => Promise<void>;

export interface ProgramOptions {
  readonly version: string;
  readonly run: Runner;
  readonly write: (text: string) => void;
}

/** Help looks the same wherever it is read. */
const WIDTH = 100;

/** The commander program. Throws commander's errors instead of ending the process. */
export function createProgram({ version, run, write }: ProgramOptions): Command {
  const program = new Command('sluice')
    .description(
      'Terraform for reverse ETL: plan, review and apply what the warehouse changes in your CRM, record by record and field by field.',
    )
    .version(version, '-V, --version', 'print the version')
    .option('--dir <folder>', 'the project folder (default: "syncs")')
    .option('--env <name>', 'the environment to use')
    .option('--var <name=value>', 'set a variable; may be repeated', pair)
    .option('--select <what>', 'tag:NAME, source:NAME, destination:NAME, modified or a name; may be repeated', collect)
    .option('--json', 'print one JSON document on stdout')
    .option('--no-color', 'plain text')
    .option('-q, --quiet', 'only results, warnings and errors')
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: () => WIDTH })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError(true);
  const define = definer(program, run);
  projectVerbs(define);
  runVerbs(define);
  pastVerbs(define);
  stateVerbs(program, run);
  dbtVerbs(program, run);
  sandboxVerbs(program, run);
  otherVerbs(define);
  return program;
}

type Define = (usage: string, summary: string, load: () => Promise<Action>) => Command;

function definer(parent: Command, run: Runner): Define {
  return (usage, summary, load) => {
    const command = parent.command(usage).description(summary).allowExcessArguments(false);
    const verb = verbOf(command);
    command.addHelpText('after', examplesText(verb));
    command.action(async () => {
      const invocation = {
        args: command.processedArgs as readonly unknown[],
        options: command.optsWithGlobals(),
        verbs: wordsOf(rootOf(command)),
      };
      await run(verb, load, invocation);
    });
    return command;
  };
}

function projectVerbs(define: Define): void {
  define(
    'init',
    'a working project with an embedded warehouse and destination in the current folder',
    async () => (await import('../commands/init.ts')).init,
  )
    .option('--github', 'instead: workflows for GitHub Actions, for the project that is here')
    .option('--check', 'with --github: fail when the workflows do not follow the schedules of the syncs');
  define(
    'validate',
    'everything that can be known without a connection',
    async () => (await import('../commands/run-validate.ts')).runValidate,
  )
    .option('--online', 'and what can be known with the connections')
    .addOption(baseOption());
  define('ls [sync...]', 'list the syncs', async () => (await import('../commands/run-ls.ts')).runLs)
    .option('--why', 'say why each is selected')
    .addOption(baseOption());
  define('describe [sync...]', 'what both ends of a sync look like', async () => (await import('../commands/describe.ts')).describe).option(
    '--save',
    'write snapshots, for tests without a connection',
  );
  define('test [sync...]', 'run the Test documents, without a connection', async () => (await import('../commands/test.ts')).test);
  define('doctor', 'check every connection: reach, rights, limits, clock', async () => (await import('../commands/doctor.ts')).doctor);
}

function runVerbs(define: Define): void {
  const plan = define(
    'plan [sync...]',
    'work out how the destinations differ from the warehouse',
    async () => (await import('../commands/plan.ts')).plan,
  )
    .option('--out <file>', 'write the plan file')
    .option('--encrypt', 'encrypt the plan file; needs SLUICE_PLAN_KEY in the environment')
    .option('--envelope <file>', 'write what a review of this plan approves, for apply --within')
    .option('--envelope-days <n>', 'with --envelope: how many days it counts (default: 14)', wholeNumber)
    .option('--envelope-commit <sha>', 'with --envelope: the commit it is of, when that is not the one checked out')
    .option('--detailed-exitcode', 'exit with 2 when there are changes')
    .addOption(new Option('--engine <where>', 'where candidates are selected').choices(['auto', 'local', 'warehouse']).default('auto'));
  planning(plan);
  const apply = define(
    'apply [what...]',
    'write a plan: a saved one (FILE), or a new one of all or the named syncs',
    async () => (await import('../commands/apply.ts')).apply,
  )
    .option('--yes', 'do not ask')
    .option('--due', 'only syncs whose schedule has come since their last finished run')
    .option('--within <envelope>', 'refuse what goes beyond what was approved (exit 4)')
    .option('--tolerance <percent>', 'with --within: so many more records may be created and updated; never deletes (default: 0%)')
    .option('--envelope-commit <sha>', 'with --within: the commit that the envelope is of, from a run that you trust')
    .option('--limit <n>', 'write at most so many changes', wholeNumber)
    .option('--adopt-only', 'only note in state what already agrees');
  planning(apply);
  define('show <file>', 'look at a plan file', async () => (await import('../commands/show.ts')).show)
    .addOption(
      new Option('--format <format>', 'how to show it').choices(['text', 'markdown', 'json', 'html', 'comment', 'summary']).default('text'),
    )
    .option('--out <file>', 'with --format html: write the page into this file')
    .addOption(new Option('--values <what>', "with --format html: instead of each sync's report.values").choices(['masked', 'shown']))
    .option('--records', 'every change')
    .option('--sync <name>', 'with --records: of one sync')
    .option('--sql <query>', 'the result of a SELECT over the plan');
}

/** Options of every verb that plans. */
function planning(command: Command): void {
  command
    .addOption(new Option('--refresh <what>', 'which live records to read').choices(['changed', 'all', 'none']))
    .option('--retry-rejected', 'send known rejects again')
    .addOption(allowOption())
    .addOption(baseOption());
}

function baseOption(): Option {
  return new Option('--base <ref>', 'compare with the project at the merge base of HEAD and this branch; selects what is modified');
}

function allowOption(): Option {
  return new Option('--allow <guard:sync=n>', 'let a guard pass up to n, this once; may be repeated').argParser<
    readonly string[] | undefined
  >(collect);
}

function pastVerbs(define: Define): void {
  define('drift [sync...]', 'what moved in the destinations', async () => (await import('../commands/drift.ts')).drift);
  define(
    'accept <sync> [key...]',
    "take the destination's values as they are",
    async () => (await import('../commands/accept.ts')).accept,
  ).option('--yes', 'do not ask');
  define('history [run]', 'past runs', async () => (await import('../commands/history.ts')).history).option(
    '--limit <n>',
    'show at most so many (default: 20)',
    wholeNumber,
  );
  define('revert <run>', 'the plan that puts back what a run changed', async () => (await import('../commands/revert.ts')).revert)
    .option('--out <file>', 'write the plan file, and do not apply it')
    .option('--encrypt', 'encrypt the plan file; needs SLUICE_PLAN_KEY in the environment')
    .addOption(allowOption())
    .option('--yes', 'apply it without asking');
}

function stateVerbs(program: Command, run: Runner): void {
  const state = program.command('state').description('look after state').allowExcessArguments(false);
  const define = definer(state, run);
  const load = (name: 'list' | 'show' | 'remove' | 'move' | 'unlock') => async (): Promise<Action> =>
    (await import('../commands/state.ts'))[name];
  define('list', 'syncs that have state', load('list'));
  define('show <sync> [key...]', 'what is known about a sync, or one of its records', load('show'));
  define('rm <sync> [key...]', 'forget a sync or some of its records; nothing is written to the destination', load('remove')).option(
    '--yes',
    'do not ask',
  );
  define('mv <from> <to>', 'a sync was renamed', load('move'));
  define(
    'migrate',
    'copy state to the place that the project file names now',
    async () => (await import('../commands/state-migrate.ts')).migrate,
  )
    .requiredOption('--from <place>', 'where it was: the path of a file, or CONNECTION:SCHEMA')
    .option('--yes', 'do not ask');
  define('unlock <sync>', 'end the lease of a run that is dead', load('unlock')).requiredOption(
    '--generation <n>',
    'of the lease to end, as the message said',
    wholeNumber,
  );
}

function dbtVerbs(program: Command, run: Runner): void {
  const dbt = program.command('dbt').description('work with dbt').allowExcessArguments(false);
  definer(dbt, run)(
    'exposures [sync...]',
    "the syncs as dbt exposures, for dbt's lineage",
    async () => (await import('../commands/dbt-exposures.ts')).dbtExposures,
  ).option('--out <file>', 'write them into this file');
}

function sandboxVerbs(program: Command, run: Runner): void {
  const sandbox = program.command('sandbox').description('try Sluice on a system of your own').allowExcessArguments(false);
  definer(sandbox, run)(
    'salesforce',
    'a Salesforce org on this machine, until Ctrl-C; prints the connection',
    async () => (await import('../commands/sandbox.ts')).sandboxSalesforce,
  )
    .option('--port <n>', 'where it listens (default: any port that is free)', wholeNumber)
    .option('--file <file>', 'keep the records in this file: read at the start, written at the end')
    .option('--schema <file>', 'objects and fields beyond the standard ones: JSON, or what `sf sobject describe` prints')
    .option('--api-calls <n>', 'API calls that the org allows a day (default: 100000)', wholeNumber);
}

function otherVerbs(define: Define): void {
  define('schema [kind]', 'print a JSON Schema', async () => (await import('../commands/run-schema.ts')).runSchema);
  define(
    'completion [shell...]',
    'print a script for shell completion: bash, zsh or fish',
    async () => (await import('../commands/completion.ts')).completion,
  )
    .usage('[options] <bash|zsh|fish>')
    .addOption(new Option('--complete', 'complete the words after --').hideHelp());
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function pair(value: string, previous: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must look like name=value.');
  return { ...previous, [value.slice(0, at)]: value.slice(at + 1) };
}

function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

function verbOf(command: Command): string {
  const parent = command.parent?.name();
  return parent === undefined || parent === 'sluice' ? command.name() : `${parent} ${command.name()}`;
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

/** Verbs and options as shell completion offers them. */
function wordsOf(program: Command): readonly VerbWords[] {
  const shared = optionsOf(program);
  return leaves(program).map((command) => ({
    verb: verbOf(command),
    options: [...optionsOf(command), ...shared, { name: '--help', takesValue: false, choices: [] }],
    takesSyncs: ['sync', 'what'].includes(command.registeredArguments[0]?.name() ?? ''),
  }));
}

function leaves(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]));
}

function optionsOf(command: Command): readonly OptionWords[] {
  return command.options
    .filter((option) => !option.hidden)
    .map((option) => ({
      name: option.long ?? option.flags,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    }));
}
