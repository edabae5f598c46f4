import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { connectionSchemas } from '../../src/config/schemas.ts';

type Json = Readonly<Record<string, unknown>>;

const ROOT = join(import.meta.dirname, '../..');
const SCHEMAS = join(ROOT, 'schemas');
const files = (await readdir(SCHEMAS)).filter((file) => file.endsWith('.schema.json'));

async function read(file: string): Promise<Json> {
  return JSON.parse(await readFile(join(SCHEMAS, file), 'utf8')) as Json;
}

function ajv(): Ajv2020 {
  const validator = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false, validateFormats: true });
  validator.addVocabulary(['x-expected', 'x-empty', 'x-not', 'x-path', 'x-secret', 'x-sql', 'x-roles']);
  (addFormats as unknown as (target: Ajv2020) => void)(validator);
  return validator;
}

/** Every property of a schema, with its path. */
function propertiesOf(value: unknown, path: string): readonly (readonly [string, Json])[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => propertiesOf(item, `${path}/${index}`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as Json).flatMap(([key, inner]) => {
    // Below `properties`, a key is the name of a property: one may be called like a keyword.
    const own =
      key === 'properties' && !path.endsWith('/properties')
        ? Object.entries(inner as Json).map(([name, schema]) => [`${path}/${name}`, schema as Json] as const)
        : [];
    return [...own, ...propertiesOf(inner, `${path}/${key}`)];
  });
}

function follow(schema: Json, root: Json): Json {
  if (typeof schema['$ref'] !== 'string') return schema;
  const names = schema['$ref'].split('/').slice(1);
  return names.reduce<Json>((inner, name) => inner[name] as Json, root);
}

describe.each(files)('%s', (file) => {
  it('is a valid JSON Schema of draft 2020-12', async () => {
    const schema = await read(file);
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema['$id']).toBe(file);
    expect(() => ajv().compile(schema)).not.toThrow();
  });

  it('describes itself and every property', async () => {
    const schema = await read(file);
    expect(schema['description']).toEqual(expect.any(String));
    const described = (property: Json): boolean => (follow(property, schema)['description'] ?? property['description']) !== undefined;
    const bare = propertiesOf(schema, '').filter(([path, property]) => !path.includes('/if/') && !described(property));
    expect(bare.map(([path]) => path)).toEqual([]);
  });
});

it.each(['project', 'sync', 'test', 'plan', 'apply', ...[...connectionSchemas().keys()].map((type) => `connection.${type}`)])(
  '%s refuses unknown keys in every map of known ones',
  async (name) => {
    const open = (value: unknown, path: string): readonly string[] => {
      if (typeof value !== 'object' || value === null) return [];
      const schema = value as Json;
      const here =
        schema['type'] === 'object' && schema['properties'] !== undefined && schema['additionalProperties'] !== false ? [path] : [];
      return [...here, ...Object.entries(schema).flatMap(([key, inner]) => open(inner, `${path}/${key}`))];
    };
    expect(open(await read(`${name}.schema.json`), name)).toEqual([]);
  },
);

it('the schema for editors accepts the documents of the example project, and no others', async () => {
  const { parseAllDocuments } = await import('yaml');
  const validate = ajv().compile(await read('document.schema.json'));
  const folder = join(ROOT, 'syncs');
  const yaml = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
  const documents = (await Promise.all(yaml.map(async (file) => readFile(join(folder, file), 'utf8')))).flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as Json),
  );
  expect(documents.length).toBeGreaterThan(4);
  for (const document of documents) expect([document['name'], validate(document), validate.errors]).toEqual([document['name'], true, null]);
  expect(validate({ kind: 'Sync', name: 'x' })).toBe(false);
  expect(validate({ kind: 'Connection', name: 'x', type: 'duckdb', pth: 'y' })).toBe(false);
  expect(validate({ kind: 'Nonsense' })).toBe(false);
});

it('what follows from the schemas is fresh', async () => {
  const run = promisify(execFile)(process.execPath, [join(ROOT, 'scripts/generate-types.ts'), '--check']);
  await expect(run).resolves.toMatchObject({ stdout: '', stderr: '' });
});

/** The interfaces of `src/plan/document.ts` as JSON Schema, so that the published schemas can be compared with them. */
describe('the schemas of what commands print', async () => {
  const path = join(ROOT, 'src/plan/document.ts');
  const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest);
  const interfaces = new Map(source.statements.filter((each) => ts.isInterfaceDeclaration(each)).map((each) => [each.name.text, each]));

  function shapeOfInterface(name: string): Json {
    const declaration = interfaces.get(name);
    if (declaration === undefined) throw new Error(`no interface ${name}`);
    const base = (declaration.heritageClauses ?? []).flatMap((clause) =>
      clause.types.map((type) => shapeOfInterface(type.expression.getText(source))),
    );
    const own = shapeOfMembers(declaration.members);
    return base.reduce((all, each) => ({ ...all, ...each }), own);
  }

  function shapeOfMembers(members: ts.NodeArray<ts.TypeElement>): Json {
    return Object.fromEntries(
      members.map((member) => {
        if (!ts.isPropertySignature(member) || member.type === undefined) throw new Error(member.getText(source));
        return [`${member.name.getText(source)}${member.questionToken === undefined ? '' : '?'}`, shapeOf(member.type)];
      }),
    );
  }

  function shapeOf(node: ts.TypeNode): unknown {
    if (ts.isParenthesizedTypeNode(node)) return shapeOf(node.type);
    if (ts.isTypeOperatorNode(node)) return shapeOf(node.type);
    if (ts.isArrayTypeNode(node)) return { list: shapeOf(node.elementType) };
    if (ts.isTypeLiteralNode(node)) return shapeOfMembers(node.members);
    if (ts.isUnionTypeNode(node)) return union(node.types.map((type) => shapeOf(type)));
    if (ts.isLiteralTypeNode(node))
      return node.literal.kind === ts.SyntaxKind.NullKeyword ? 'null' : { only: [node.literal.getText(source).slice(1, -1)] };
    if (!ts.isTypeReferenceNode(node)) return node.getText(source);
    const name = node.typeName.getText(source);
    if (name === 'Readonly') return shapeOf(node.typeArguments![0]!);
    return name === 'Record' ? { map: shapeOf(node.typeArguments![1]!) } : shapeOfInterface(name);
  }

  function union(parts: readonly unknown[]): unknown {
    const only = parts.flatMap((part) => (typeof part === 'object' && part !== null && 'only' in part ? (part.only as string[]) : []));
    return only.length === parts.length ? { only } : { any: [...parts].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
  }

  function shapeOfSchema(value: unknown, root: Json): unknown {
    const schema = value as Json;
    if (typeof schema['$ref'] === 'string') return shapeOfSchema(follow(schema, root), root);
    if (schema['enum'] !== undefined) return { only: schema['enum'] };
    if (schema['anyOf'] !== undefined) return union((schema['anyOf'] as readonly unknown[]).map((each) => shapeOfSchema(each, root)));
    const types = [schema['type']].flat() as readonly string[];
    if (types.length > 1) return union(types.map((type) => shapeOfSchema({ ...schema, type }, root)));
    if (types[0] === 'array') return { list: shapeOfSchema(schema['items'], root) };
    if (types[0] !== 'object') return types[0] === 'integer' ? 'number' : types[0];
    if (schema['properties'] === undefined) return { map: shapeOfSchema(schema['additionalProperties'], root) };
    const required = schema['required'] as readonly string[];
    const properties = Object.entries(schema['properties'] as Json);
    return Object.fromEntries(properties.map(([key, inner]) => [required.includes(key) ? key : `${key}?`, shapeOfSchema(inner, root)]));
  }

  it.each([
    ['plan', 'PlanDocument'],
    ['apply', 'ApplyDocument'],
  ])('%s is %s', async (file, name) => {
    const schema = await read(`${file}.schema.json`);
    expect(shapeOfSchema(schema, schema)).toEqual(shapeOfInterface(name));
  });
});
