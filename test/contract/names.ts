/** A sync of the suite in the words of a destination that cannot use the suite's own. */
import type { Names, Yaml } from './target.ts';

export function renamed(sync: Yaml, names: Names): Yaml {
  const destination = sync['destination'] as { readonly object: string; readonly key: string | readonly string[] };
  const fields = Object.entries(sync['fields'] as Yaml).map(([field, mapping]) => [names.field(field), mappingIn(mapping, names)]);
  return {
    ...sync,
    destination: { ...destination, object: names.object(destination.object), key: keyIn(destination.key, names) },
    fields: Object.fromEntries(fields) as Yaml,
  };
}

function keyIn(key: string | readonly string[], names: Names): string | string[] {
  return typeof key === 'string' ? names.field(key) : key.map((field) => names.field(field));
}

function mappingIn(mapping: unknown, names: Names): unknown {
  if (typeof mapping !== 'object' || mapping === null || !('reference' in mapping)) return mapping;
  const { object, key } = mapping.reference as { readonly object: string; readonly key: string };
  return { ...mapping, reference: { object: names.object(object), key: names.field(key) } };
}
