/** `${var.NAME}` and `${env.NAME}` in scalars. `$${` stands for a literal `${`. */
import type { Location, Problem } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { mapDocument, type MapNode, type Path, type ScalarNode } from './nodes.ts';

/** What stands for a reference: its text, or nothing known yet (`left`). */
export type Replacement =
  { readonly text: string; readonly secret?: true } | { readonly left: true } | { readonly problem: string; readonly hint?: string };

/** Looks up one reference. */
export type Lookup = (reference: { readonly scope: 'var' | 'env'; readonly name: string }) => Replacement;

const REFERENCE = /\$\$\{|\$\{([^}\n]*)(\}?)/g;
/** Text that cannot change the meaning of the SQL around it. */
export const SQL_SAFE = /^[A-Za-z0-9_.-]+$/;

export interface InterpolatedText {
  readonly text: string;
  readonly left: boolean;
  readonly secret: boolean;
  readonly changed: boolean;
}

/** Puts the references of a text in. `locate` says where an offset of the text stands. */
export function interpolateText(
  text: string,
  options: {
    readonly lookup: Lookup;
    readonly sql: boolean;
    readonly locate: (offset: number) => Location;
    readonly report: (problem: Problem) => void;
  },
): InterpolatedText {
  if (!text.includes('${')) return { text, left: false, secret: false, changed: false };
  const flags = { left: false, secret: false };
  const replaced = text.replace(REFERENCE, (whole: string, inside: string | undefined, end: string | undefined, offset: number) => {
    if (inside === undefined) return '${';
    const result = replacementOf(inside, end ?? '', options);
    if ('text' in result) {
      if (result.secret === true) flags.secret = true;
      return result.text;
    }
    flags.left = true;
    if ('problem' in result) options.report({ message: result.problem, location: options.locate(offset), hint: result.hint });
    return whole;
  });
  return { text: replaced, ...flags, changed: true };
}

function replacementOf(inside: string, end: string, options: { readonly lookup: Lookup; readonly sql: boolean }): Replacement {
  const match = /^(var|env)\.([A-Za-z0-9_-]+)$/.exec(inside);
  if (match === null || end === '') {
    return { problem: `\${${inside}${end} is not a reference`, hint: 'write ${var.NAME} or ${env.NAME}; $${ stands for a literal ${' };
  }
  const [, scope, name = ''] = match;
  const found = options.lookup({ scope: scope as 'var' | 'env', name });
  if (!options.sql || !('text' in found) || SQL_SAFE.test(found.text)) return found;
  return {
    problem: `\${${inside}} stands inside SQL, where a variable may hold only letters, digits, _, . and -`,
    hint: `its value is ${JSON.stringify(found.text.slice(0, 60))}`,
  };
}

/** Where an offset of a scalar's text stands. */
export function offsetLocation(lines: readonly Location[], text: string, offset: number): Location | undefined {
  const before = text.slice(0, offset);
  const row = before.split('\n').length - 1;
  const line = lines[row] ?? lines[0];
  return line === undefined ? undefined : { ...line, column: line.column + offset - (before.lastIndexOf('\n') + 1) };
}

/** Puts the references of a whole document in. `isSql` says which paths hold SQL. */
export function interpolateDocument(
  root: MapNode,
  options: {
    readonly lookup: (path: Path) => Lookup;
    readonly isSql: (path: Path) => boolean;
    readonly report: (problem: Problem) => void;
  },
): MapNode {
  return mapDocument(root, (scalar, path) =>
    hasReference(scalar)
      ? interpolateScalar(scalar, { report: options.report, lookup: options.lookup(path), sql: options.isSql(path) })
      : scalar,
  );
}

export function hasReference(scalar: ScalarNode): boolean {
  return typeof scalar.value === 'string' && scalar.text.includes('${');
}

export function interpolateScalar(
  scalar: ScalarNode,
  options: { readonly lookup: Lookup; readonly sql: boolean; readonly report: (problem: Problem) => void },
): ScalarNode {
  if (!hasReference(scalar)) return scalar;
  const locate = (offset: number): Location => offsetLocation(scalar.lines, scalar.text, offset) ?? scalar.location;
  const result = interpolateText(scalar.text, { ...options, locate });
  if (!result.changed) return scalar;
  return {
    ...scalar,
    value: result.text,
    text: result.text,
    interpolated: true,
    ...(result.left ? { unresolved: true as const } : {}),
    ...(result.secret ? { secret: true as const } : {}),
  };
}

export interface VariableScope {
  /** From the command line; they win. */
  readonly given: Readonly<Record<string, string>>;
  /** The `vars` map of the project, with the environment merged in. */
  readonly vars: MapNode | undefined;
  /** Environments that set a variable, for the hint. */
  readonly environmentsWith: (name: string) => readonly string[];
}

/** The project's variables. Values may refer to other variables. */
export class Variables {
  readonly #scope: VariableScope;
  readonly #resolved = new Map<string, Replacement | 'open'>();
  readonly #problems: Problem[] = [];
  readonly #used = new Set<string>();

  constructor(scope: VariableScope) {
    this.#scope = scope;
  }

  /** Names that something referred to. */
  get used(): ReadonlySet<string> {
    return this.#used;
  }

  /** Problems inside the values of variables, each once. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  readonly lookup = (name: string): Replacement => {
    this.#used.add(name);
    return this.#resolve(name);
  };

  /** All variables as text; those that could not be resolved are left out. */
  all(): Readonly<Record<string, string>> {
    const names = new Set([...(this.#scope.vars?.entries.keys() ?? []), ...Object.keys(this.#scope.given)]);
    const pairs = [...names].map((name) => [name, this.#resolve(name)] as const);
    return Object.fromEntries(pairs.flatMap(([name, found]) => ('text' in found ? [[name, found.text]] : [])));
  }

  #resolve(name: string): Replacement {
    const known = this.#resolved.get(name);
    if (known === 'open') return { problem: `the variable ${name} refers to itself` };
    if (known !== undefined) return known;
    this.#resolved.set(name, 'open');
    const result = this.#find(name);
    this.#resolved.set(name, result);
    return result;
  }

  #find(name: string): Replacement {
    const given = Object.hasOwn(this.#scope.given, name) ? this.#scope.given[name] : undefined;
    if (given !== undefined) return { text: given };
    const node = this.#scope.vars?.entries.get(name)?.value;
    if (node?.kind !== 'scalar' || node.value === null) return this.#unset(name);
    const lookup: Lookup = ({ scope, name: inner }) => (scope === 'var' ? this.lookup(inner) : { problem: ENV_NOT_HERE, hint: ENV_HINT });
    const result = interpolateScalar(node, { lookup, sql: false, report: (problem) => this.#problems.push(problem) });
    return result.unresolved === true ? { left: true } : { text: result.text };
  }

  #unset(name: string): Replacement {
    const environments = this.#scope.environmentsWith(name);
    if (environments.length > 0) {
      return {
        problem: `the variable ${name} is not set`,
        hint: `it is set in ${environments.join(', ')}: choose an environment with --env`,
      };
    }
    const near = nearest(name, [...(this.#scope.vars?.entries.keys() ?? []), ...Object.keys(this.#scope.given)]);
    const hint = near === undefined ? `set it in the project's vars, or with --var ${name}=...` : `did you mean ${near}?`;
    return { problem: `the variable ${name} is not set`, hint };
  }
}

export const ENV_NOT_HERE = '${env.NAME} works only in connections and in the state of the project';
export const ENV_HINT = 'a pull request could map a secret into a field; use a variable for what is no secret';

/** Environment variables of the process; `undefined` leaves every reference alone. */
export function environmentLookup(env: Readonly<Record<string, string | undefined>>): (name: string) => Replacement {
  return (name) => {
    const value = env[name];
    if (value !== undefined && value !== '') return { text: value, secret: true };
    const problem = `the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}`;
    return { problem, hint: `set ${name} in the environment of this command` };
  };
}
