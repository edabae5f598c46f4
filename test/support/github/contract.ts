/** Requests and responses, held against GitHub's OpenAPI description. What it does not name is refused, too. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

import { OPERATIONS, type Operation } from './operations.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Described {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> } | { readonly $ref: string }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const DOCUMENT = modern(JSON.parse(readFileSync(join(import.meta.dirname, 'openapi.json'), 'utf8'))) as Document;

/** OpenAPI 3.0 has `nullable`, where JSON Schema has the type null. */
function modern(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => modern(each));
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, modern(each)]));
  return nullable === true
    ? { anyOf: [{ type: 'null' }, rest] }
    : { ...(nullable === undefined ? {} : typeof nullable === 'object' ? { nullable } : {}), ...rest };
}

const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false });
(addFormats as unknown as (ajv: Ajv) => void)(ajv);
ajv.addSchema({ $id: 'github', ...DOCUMENT });
const compiled = new Map<string, ValidateFunction>();

function validator(pointer: string): ValidateFunction {
  const known = compiled.get(pointer) ?? ajv.compile({ $ref: `github#${pointer}` });
  compiled.set(pointer, known);
  return known;
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function resolved<T>(value: T | { readonly $ref: string }): T {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
  const parts = value.$ref.slice(2).split('/');
  return parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], DOCUMENT) as T;
}

export interface Matched {
  readonly operation: Operation;
  /** `owner`, `repo`, `issue_number`, ... as text. */
  readonly path: Readonly<Record<string, string>>;
}

/** The operation that a request means; undefined when the description has none like it. */
export function match(method: string, pathname: string): Matched | undefined {
  for (const operation of OPERATIONS) {
    const pattern = new RegExp(`^${operation[1].replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const found = operation[0] === method.toLowerCase() ? pattern.exec(pathname) : null;
    if (found !== null)
      return {
        operation,
        path: Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)])),
      };
  }
  return undefined;
}

function described([method, path]: Operation): Described {
  const found = DOCUMENT.paths[path]?.[method];
  if (found === undefined) throw new Error(`openapi.json has no ${method} ${path}`);
  return found;
}

/** What is wrong with a request, as sentences. */
export function problemsOfRequest({ operation, path }: Matched, query: URLSearchParams, body: unknown): readonly string[] {
  const { parameters = [], requestBody } = described(operation);
  const known = parameters.map((each) => resolved<Parameter>(each));
  const strangers = [...query.keys()].filter((name) => !known.some((each) => each.in === 'query' && each.name === name));
  const values = known.flatMap((each) =>
    parameterProblems(each, each.in === 'path' ? path[each.name] : (query.get(each.name) ?? undefined)),
  );
  return [...strangers.map((name) => `query: there is no parameter ${name}`), ...values, ...bodyProblems(operation, requestBody, body)];
}

function parameterProblems(parameter: Parameter, text: string | undefined): readonly string[] {
  if (text === undefined) return parameter.required === true ? [`${parameter.in}: ${parameter.name} is missing`] : [];
  const validate = ajv.compile(parameter.schema);
  const { type } = parameter.schema;
  const value = type === 'integer' ? Number(text) : type === 'boolean' ? text === 'true' : text;
  return validate(value) ? [] : [`${parameter.in}: ${parameter.name}=${text} ${ajv.errorsText(validate.errors)}`];
}

function bodyProblems(operation: Operation, requestBody: Described['requestBody'], body: unknown): readonly string[] {
  if (requestBody === undefined) return body === undefined ? [] : ['body: this operation takes none'];
  const [method, path] = operation;
  const pointer = `/paths/${escaped(path)}/${method}/requestBody/content/${escaped('application/json')}/schema`;
  const validate = validator(pointer);
  const wrong = validate(body) ? [] : [`body: ${ajv.errorsText(validate.errors)}`];
  const names = Object.keys(requestBody.content['application/json']?.schema['properties'] ?? {});
  const strangers = Object.keys(body ?? {}).filter((name) => !names.includes(name));
  return [...wrong, ...strangers.map((name) => `body: there is no property ${name}`)];
}

/** What is wrong with a response of the fake itself. */
export function problemsOfResponse(operation: Operation, status: number, body: unknown): readonly string[] {
  const response = described(operation).responses[String(status)];
  // Refusals are alike everywhere, and the description does not repeat them.
  if (response === undefined) return [401, 403, 404].includes(status) ? refusalProblems(body) : [`the operation never answers ${status}`];
  const { content } = resolved(response as { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> });
  if (content === undefined) return body === undefined ? [] : ['an answer without a body has one'];
  const [method, path] = operation;
  const pointer =
    '$ref' in response
      ? `${response.$ref.slice(1)}/content/${escaped('application/json')}/schema`
      : `/paths/${escaped(path)}/${method}/responses/${status}/content/${escaped('application/json')}/schema`;
  const validate = validator(pointer);
  return validate(body) ? [] : [`response: ${ajv.errorsText(validate.errors)}`];
}

function refusalProblems(body: unknown): readonly string[] {
  const validate = validator('/components/schemas/basic-error');
  return validate(body) ? [] : [`response: ${ajv.errorsText(validate.errors)}`];
}

/** The least that fits a schema of the description: every required property, with a value of its type. */
export function sample(name: string): Record<string, unknown> {
  return fill(DOCUMENT.components['schemas']?.[name] as Schema) as Record<string, unknown>;
}

function fill(given: Schema): unknown {
  const schema = resolved<Schema>(given);
  const either = (schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf']) as readonly Schema[] | undefined;
  if (either !== undefined) return either.some((each) => each['type'] === 'null') ? null : fill(either[0] ?? {});
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (schema['type']) {
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
      const required = (schema['required'] ?? []) as readonly string[];
      return Object.fromEntries(required.map((each) => [each, fill(properties[each] ?? {})]));
    }
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return false;
    default:
      return schema['format'] === 'uri' ? 'https://github.test/x' : schema['format'] === 'date-time' ? '2026-11-23T10:00:00Z' : 'x';
  }
}
