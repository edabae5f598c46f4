/** Words that a hand used to Terraform types, and what they are called here. */

const OPTIONS: Readonly<Record<string, string>> = {
  'auto-approve': 'It is called --yes here.',
  target: 'Name the sync instead: sluice plan accounts.',
  'var-file': 'Variables live in the project (vars, environments); --var name=value sets one.',
  input: 'Nobody is asked where nobody sits at the terminal; --yes answers beforehand.',
  'refresh-only': 'See what moved with sluice drift, and take it as it is with sluice accept.',
  destroy: 'Sluice deletes only what a plan shows: on_missing: delete in the sync.',
  chdir: 'Name the project folder with --dir.',
  'no-colour': 'It is called --no-color here.',
};

const VERBS: Readonly<Record<string, string>> = {
  destroy: 'Sluice deletes only what a plan shows: on_missing: delete in the sync. sluice state rm forgets a sync.',
  refresh: 'See what moved with sluice drift; sluice plan --refresh all reads every record.',
  import: 'Records that exist are found by their key: plan shows them, and apply adopts them.',
  workspace: 'Environments live in the project; choose one with --env NAME.',
  taint: 'To send rejected records again: sluice plan --retry-rejected.',
  'force-unlock': 'sluice state unlock SYNC --generation N ends the lease of a run that is dead.',
  output: 'For a program: --json, with any verb.',
};

/** What to type instead, for the message of a usage error; undefined where Terraform has nothing of that name. */
export function terraformHint(message: string): string | undefined {
  const [, dashes, option] = /unknown option '(-{1,2})([a-z-]+)/.exec(message) ?? [];
  if (option !== undefined && Object.hasOwn(OPTIONS, option)) return OPTIONS[option];
  if (option !== undefined && dashes === '-' && option.length > 1) return `Options have two dashes: --${option}`;
  const verb = /unknown command '([a-z-]+)'/.exec(message)?.[1];
  return verb !== undefined && Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
}
