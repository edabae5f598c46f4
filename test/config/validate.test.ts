import { describe, expect, it } from 'vitest';

import { ls, renderLs } from '../../src/commands/ls.ts';
import { validate, type ValidateResult } from '../../src/commands/validate.ts';
import { formatProblem } from '../../src/errors.ts';
import { context, type Files, folder, SYNC, withLines, withSync } from './folder.ts';

async function validated(files: Files, environment?: string): Promise<ValidateResult> {
  await using place = await folder(files);
  return await validate(context(place.cwd), { dir: 'syncs', environment });
}

describe('validate', () => {
  const project = `kind: Project
name: acme
environments:
  dev: { vars: { schema: dev } }
  prod: { vars: { schema: "x; y" }, connections: { crm: { path: "\${env.CRM}" } } }
`;
  const files = { ...withSync('from accounts', 'from ${var.schema}.accounts'), 'syncs/project.yaml': project };
  const fault =
    'syncs/sync.yaml:5:31: ${var.schema} stands inside SQL, where a variable may hold only letters, digits, _, . and -\n  its value is "x; y"';

  it('looks at every environment, and at no secret', async () => {
    const { environments, projects, problems } = await validated(files);
    expect(environments).toEqual(['dev', 'prod']);
    expect(projects.map((each) => each.environment)).toEqual(['dev']);
    expect(problems.map((each) => formatProblem(each))).toEqual([fault]);
  });

  it('looks at one environment when asked to', async () => {
    expect((await validated(files, 'dev')).problems).toEqual([]);
    expect((await validated(files, 'prod')).problems).toHaveLength(1);
  });

  it('says once what is wrong in every environment', async () => {
    const wrong = { ...files, 'syncs/sync.yaml': `${SYNC}mode: upsrt\n` };
    expect((await validated(wrong)).problems).toHaveLength(1);
  });

  it('needs no environment', async () => {
    const { environments, projects, problems } = await validated(withSync());
    expect([environments, projects.length, problems]).toEqual([[], 1, []]);
  });
});

describe('ls', () => {
  const other = SYNC.replace('name: accounts', 'name: users').replace('object: Account', 'object: "User\\e[2J"');
  const files = { ...withLines('tags: [crm, nightly]\ndescription: All of them\nowner: ops\nschedule: daily'), 'syncs/users.yaml': other };

  async function listed(names: readonly string[], selectors: readonly string[]): ReturnType<typeof ls> {
    await using place = await folder(files);
    return await ls(context(place.cwd), { dir: 'syncs', names, selectors });
  }

  it('returns what a script needs', async () => {
    const result = await listed([], ['tag:crm']);
    expect(result).toEqual({
      project: 'acme',
      environment: null,
      syncs: [
        {
          name: 'accounts',
          description: 'All of them',
          owner: 'ops',
          tags: ['crm', 'nightly'],
          source: 'warehouse',
          destination: 'crm',
          object: 'Account',
          mode: 'upsert',
          on_missing: 'keep',
          fields: 1,
          schedule: 'daily',
          needs: [],
          file: 'syncs/sync.yaml',
          line: 1,
          why: ['tag:crm'],
        },
      ],
    });
  });

  it('prints columns, and drives no terminal', async () => {
    const result = await listed([], []);
    expect(renderLs(result)).toBe(
      [
        'accounts   warehouse -> crm.Account    crm,nightly   syncs/sync.yaml:1',
        'users      warehouse -> crm.User\uFFFD[2J                 syncs/users.yaml:1',
        '',
      ].join('\n'),
    );
  });

  it('prints why', async () => {
    expect(renderLs(await listed(['users'], ['tag:crm']), { why: true })).toBe(
      'accounts   warehouse -> crm.Account    tag:crm\nusers      warehouse -> crm.User\uFFFD[2J   named\n',
    );
  });
});
