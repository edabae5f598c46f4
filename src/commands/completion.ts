/** `sluice completion`: scripts for shells, and the words that those scripts ask for. */
import { resolve } from 'node:path';

import { EXIT, UserError } from '../errors.ts';
import { GUARD_NAMES } from '../config/model.ts';
import { type ProjectWords, projectWords } from './project-words.ts';
import type { Invocation, OptionWords, VerbWords } from './invocation.ts';
import { schemaNames } from './run-schema.ts';
import { listArgument } from './arguments.ts';
import type { Shell } from './shell.ts';

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_sluice() {
  local IFS=$'\\n'
  COMPREPLY=($(sluice completion --complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _sluice sluice
`,
  zsh: `#compdef sluice
_sluice() {
  local -a found
  found=("\${(@f)$(sluice completion --complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found[1]" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _sluice sluice
`,
  fish: `complete -c sluice -a '(sluice completion --complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};

export async function completion(shell: Shell, { args, options, verbs }: Invocation): Promise<number> {
  const words = listArgument(args[0]);
  if (options.complete === true) {
    const dir = resolve(shell.context.cwd, valueOf(words, '--dir') ?? shell.options.dir);
    const found = await complete(words, verbs, projectWords(dir, shell.context.cwd));
    if (found.length > 0) await shell.host.stdout(`${found.join('\n')}\n`);
    return EXIT.ok;
  }
  const script = SCRIPTS[words[0] ?? ''];
  if (script === undefined || words.length > 1) {
    throw new UserError('completion needs the name of a shell', {
      hint: 'One of bash, zsh, fish; for example: sluice completion bash >> ~/.bashrc',
    });
  }
  await shell.host.stdout(script);
  return EXIT.ok;
}

/** What may stand in place of the last word. Names of the project are read only when they are wanted. */
export async function complete(words: readonly string[], verbs: readonly VerbWords[], names: ProjectWords): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const candidates = await candidatesFor(current, before, verbs, names);
  return [...new Set(candidates)].filter((candidate) => candidate.startsWith(current));
}

async function candidatesFor(
  current: string,
  before: readonly string[],
  verbs: readonly VerbWords[],
  names: ProjectWords,
): Promise<readonly string[]> {
  const known = verbs.flatMap((verb) => verb.options);
  const previous = known.find((option) => option.name === before.at(-1));
  if (previous?.takesValue === true) return valuesOf(previous, names);
  const operands = before.filter(
    (word, index) => !word.startsWith('-') && known.find((option) => option.name === before[index - 1])?.takesValue !== true,
  );
  const verb = verbs.find((each) => startsWithWords(operands, each.verb.split(' ')));
  if (verb === undefined)
    return current.startsWith('-') ? sharedOptions(verbs) : verbs.flatMap((each) => nextWord(each.verb.split(' '), operands));
  if (current.startsWith('-')) return verb.options.map((option) => option.name);
  if (verb.verb === 'completion') return Object.keys(SCRIPTS);
  if (verb.verb === 'schema') return schemaNames();
  return verb.takesSyncs ? names.syncs() : [];
}

async function valuesOf(option: OptionWords, names: ProjectWords): Promise<readonly string[]> {
  switch (option.name) {
    case '--select':
    case '--sync':
      return names.syncs();
    case '--env':
      return names.environments();
    case '--allow':
      return (await names.syncs()).flatMap((sync) => GUARD_NAMES.map((guard) => `${guard}:${sync}=`));
    default:
      return option.choices;
  }
}

function startsWithWords(words: readonly string[], start: readonly string[]): boolean {
  return start.every((word, index) => words[index] === word);
}

/** The word of a verb that comes after those already typed. */
function nextWord(verb: readonly string[], typed: readonly string[]): readonly string[] {
  const next = startsWithWords(verb, typed) ? verb[typed.length] : undefined;
  return next === undefined ? [] : [next];
}

function sharedOptions(verbs: readonly VerbWords[]): readonly string[] {
  const [first, ...others] = verbs.map((verb) => verb.options.map((option) => option.name));
  return (first ?? []).filter((name) => others.every((options) => options.includes(name)));
}

function valueOf(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at < 0 ? undefined : words[at + 1];
}
