/** The parts of the help that commander does not write itself. */

/** Exit codes, for `sluice --help`. */
export const EXIT_CODES = `
Exit codes:
  0  fine
  1  error
  2  changes present (only plan --detailed-exitcode)
  3  a guard, check or limit forbids
  4  the plan is stale or already applied
  5  applied in part: new rejects, held, unknown or unfinished
When several apply: 1 before 4 before 3 before 5 before 2.
`;

/** Examples of each verb: a command and what it is for. */
export const EXAMPLES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  init: [
    ['sluice init', 'a working project in the current folder'],
    ['sluice init && sluice plan && sluice apply --yes', 'and its first run'],
    ['sluice init --github --env prod', 'plan in pull requests, apply after the merge and on schedule'],
  ],
  validate: [
    ['sluice validate', 'everything that can be known without a connection'],
    ['sluice validate --online', 'and what the connections say'],
    ['sluice validate --json', 'problems for an editor or CI'],
  ],
  ls: [
    ['sluice ls', 'all syncs'],
    ['sluice ls --select tag:crm --why', 'which syncs a selection takes, and why'],
    ['sluice ls --why --base origin/main', 'what this branch changes'],
  ],
  describe: [
    ['sluice describe accounts', 'columns, fields, types, and how the mapping lands'],
    ['sluice describe --save', 'keep snapshots for tests without a connection'],
  ],
  plan: [
    ['sluice plan', 'all syncs'],
    ['sluice plan accounts --refresh all', 'one sync, every live record looked at'],
    ['sluice plan --out plan.duckdb', 'keep the plan, to look at and to apply'],
    ['sluice plan --base origin/main', 'what this branch changes, and which record changes are due to it'],
    ['sluice plan --env prod --detailed-exitcode', 'exit code 2 when there is something to do'],
  ],
  show: [
    ['sluice show plan.duckdb', 'the report again'],
    ['sluice show plan.duckdb --records --sync accounts', 'every change'],
    ['sluice show plan.duckdb --format markdown', 'for a pull request'],
    ['sluice show plan.duckdb --format html --out plan.html', 'a page to search, with every record'],
    ['sluice show plan.duckdb --sql "select action, count(*) from changes group by action"', 'ask anything'],
  ],
  apply: [
    ['sluice apply', 'plan, ask, apply'],
    ['sluice apply plan.duckdb', 'apply a plan that was saved'],
    ['sluice apply accounts --yes', 'one sync, without being asked'],
    ['sluice apply --yes --allow deletes:accounts=1200', 'let up to 1,200 deletes of one sync through, this once'],
    ['sluice apply --limit 10', 'try it with ten records'],
    ['sluice apply --due --yes', 'what its schedule says is due'],
  ],
  drift: [
    ['sluice drift', 'what moved in the destinations'],
    ['sluice drift accounts --json', 'for a program'],
  ],
  accept: [
    ['sluice accept accounts 001A 001B', 'keep what the destination has for two records'],
    ['sluice accept accounts --yes', 'for every held record of the sync'],
  ],
  history: [
    ['sluice history', 'past runs, newest first'],
    ['sluice history RUN', 'one run, with its records'],
  ],
  revert: [
    ['sluice revert RUN', 'the plan that puts back what a run changed'],
    ['sluice revert RUN --out back.duckdb', 'keep it, then: sluice apply back.duckdb'],
  ],
  'dbt exposures': [['sluice dbt exposures --out models/sluice_exposures.yml', 'so that the lineage of dbt shows what Sluice writes']],
  'state list': [['sluice state list', 'syncs that have state']],
  'state show': [
    ['sluice state show accounts', 'what is known about a sync'],
    ['sluice state show accounts 001A', 'and about one record'],
  ],
  'state rm': [
    ['sluice state rm accounts', 'forget a sync; nothing is written to the destination'],
    ['sluice state rm accounts 001A', 'forget one record'],
  ],
  'state mv': [['sluice state mv accounts companies', 'a sync was renamed']],
  'state migrate': [
    ['sluice state migrate --from .sluice/state.duckdb', 'the project file names a schema of a database now'],
    ['sluice state migrate --from warehouse:sluice', 'and here another place than that schema'],
  ],
  'state unlock': [['sluice state unlock accounts --generation 7', 'end the lease of a run that is dead']],
  test: [
    ['sluice test', 'every Test document'],
    ['sluice test --select accounts', 'those of one sync'],
  ],
  doctor: [
    ['sluice doctor', 'every connection and the state'],
    ['sluice doctor --env prod', 'those of an environment'],
  ],
  'sandbox salesforce': [
    ['sluice sandbox salesforce', 'an org in memory, and the connection to it'],
    ['sluice sandbox salesforce --port 4370 --file org.jsonl', 'one that is the same tomorrow'],
    ['sluice sandbox salesforce --schema objects.json', 'with objects of your own'],
  ],
  schema: [['sluice schema sync', 'the JSON Schema of Sync documents']],
  completion: [
    ['sluice completion bash >> ~/.bashrc', 'bash'],
    ['sluice completion zsh > ~/.zfunc/_sluice', 'zsh'],
    ['sluice completion fish > ~/.config/fish/completions/sluice.fish', 'fish'],
  ],
};

/** The examples of a verb, as help text. */
export function examplesText(verb: string): string {
  const examples = EXAMPLES[verb] ?? [];
  return examples.length === 0 ? '' : `\nExamples:\n${examples.map(([command, purpose]) => `  # ${purpose}\n  ${command}`).join('\n')}\n`;
}
