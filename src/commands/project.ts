/** Loads the project that a command works on, and the syncs that were asked for. */
import { connectionsOf, loadProject } from '../config/load.ts';
import type { Project, Sync } from '../config/model.ts';
import { orderSyncs } from '../config/graph.ts';
import { type SelectedSync, selectWithReasons } from '../config/select.ts';
import { openState } from '../state/open.ts';
import type { State } from '../state/state.ts';
import type { BaseComparison } from '../plan/attribution.ts';
import { compareWith, modifiedIn, openBase } from './base.ts';
import type { Shell } from './shell.ts';

export interface OpenedProject {
  readonly project: Project;
  /** What was asked for, parents first; everything when nothing was. */
  readonly syncs: readonly Sync[];
  /** The same in the order of names, with what selected each. */
  readonly selected: readonly SelectedSync[];
  /** Whether the user named syncs, as arguments or with `--select`. */
  readonly named: boolean;
  /** What the project was compared with: with `--base`. */
  readonly base: BaseComparison | undefined;
}

export interface ProjectNeeds {
  /** Names of syncs that were typed. */
  readonly names?: readonly string[];
  /** Whose secrets: `syncs` are the connections of the selected syncs and of the state; `state` only the latter. */
  readonly secrets: 'none' | 'state' | 'syncs' | 'all';
  /** More connections whose secrets are needed, beside those of the state. */
  readonly connections?: readonly string[];
  /** For what writes: an environment must be chosen where there are some, and state must not live on a disk that is gone tomorrow. */
  readonly writes?: boolean;
  /** The branch to compare with, as typed: then what is modified is what is asked for, unless syncs are named. */
  readonly base?: string | undefined;
}

/**
 * Loads the project, hides its secrets from all output, and steps into its folder: DuckDB checks the relative paths of
 * a query against the process's working directory, and a query means its project's. Paths that the user typed are made
 * absolute against `context.cwd`, which stays where the user stands.
 */
export async function openProject(shell: Shell, needs: ProjectNeeds): Promise<OpenedProject> {
  const { dir, env, vars, select } = shell.options;
  const { names = [], secrets, connections = [], writes = false } = needs;
  const files = { dir, environment: env, vars, connectionSchemas: shell.connectionSchemas };
  const base = await openBase(shell.context, needs.base, files);
  const chosen = (project: Project): { readonly comparison: BaseComparison | undefined; readonly selected: readonly SelectedSync[] } => {
    const comparison = base === undefined ? undefined : compareWith(base, project);
    return { comparison, selected: selectWithReasons(project, names, select, comparison && modifiedIn(comparison, project)) };
  };
  const ofSyncs = (project: Project): readonly string[] => connectionsOf(chosen(project).selected.map((each) => each.sync));
  const project = await loadProject(shell.context, {
    ...files,
    secrets: secrets === 'syncs' ? ofSyncs : secrets === 'state' ? connections : secrets,
    requireEnvironment: writes,
    requireWrittenState: writes,
  });
  shell.hide(project.secrets);
  const { selected, comparison } = chosen(project);
  shell.host.chdir(project.dir);
  return {
    project,
    selected,
    syncs: orderSyncs(
      project,
      selected.map((each) => each.sync),
    ),
    named: names.length + select.length > 0,
    base: comparison,
  };
}

/** The project's state, open until the caller disposes of it. */
export async function openProjectState(shell: Shell, project: Project): Promise<State> {
  return openState(shell.context, project);
}
