/** Field types of Salesforce as the core knows them, and how the text of a reply becomes a value of the workspace. */
import type { FieldType } from '../../canonical/types.ts';
import type { FieldSchema } from '../destination.ts';
import type { SField } from './describe.ts';

export interface TypeInfo extends Pick<FieldSchema, 'type' | 'nativeType' | 'maxLength' | 'allowed' | 'labels'> {
  /** Whether a read shows what is stored. */
  readonly reads: boolean;
}

const INT32 = { min: '-2147483648', max: '2147483647' } as const;
/** More digits than any 32-bit integer has, and what ordinary integer fields are described with. */
const ALL_DIGITS = 9;

export function typeOf(field: SField): TypeInfo {
  const { type, length } = field;
  const plain = { nativeType: type, reads: true };
  switch (type) {
    case 'id':
      return { ...plain, type: { kind: 'text', id18: true } };
    case 'reference':
      return { ...plain, type: { kind: 'text', id18: true }, nativeType: `reference to ${field.referenceTo.join(', ')}` };
    case 'boolean':
      return { ...plain, type: { kind: 'boolean' } };
    case 'int':
      return { ...plain, type: { kind: 'integer', ...bounds(field.digits) } };
    case 'double':
    case 'currency':
    case 'percent':
      return { ...plain, type: doubleType(field), nativeType: `${type}(${field.precision}, ${field.scale})` };
    case 'date':
      return { ...plain, type: { kind: 'date' } };
    case 'datetime':
      return { ...plain, type: { kind: 'timestamp', precision: 0, zoned: true } };
    case 'time':
      return { ...plain, type: { kind: 'text', native: 'TIME' } };
    case 'multipicklist':
      return { ...plain, type: { kind: 'set' }, ...choices(field) };
    case 'address':
    case 'location':
    case 'base64':
      return { ...plain, type: { kind: 'text' }, reads: false };
    default:
      return {
        type: textType(field),
        nativeType: length > 0 ? `${type}(${length})` : type,
        maxLength: length > 0 ? length : undefined,
        ...choices(field),
        // Who lacks a permission of its own is shown asterisks.
        reads: type !== 'encryptedstring',
      };
  }
}

/** E-mail addresses are stored in lower case. Only keys are found without regard to case. */
function textType({ type, externalId, idLookup, caseSensitive }: SField): FieldType {
  if (type === 'email') return { kind: 'text', lower: true };
  return (externalId || idLookup) && !caseSensitive ? { kind: 'text', anyCase: true } : { kind: 'text' };
}

function doubleType({ precision, scale }: SField): FieldType {
  return { kind: 'float', bits: 64, digits: 15, ...(precision > scale ? { whole: precision - scale } : {}) };
}

function bounds(digits: number): { readonly min: string; readonly max: string } {
  if (digits <= 0 || digits >= ALL_DIGITS) return INT32;
  const most = '9'.repeat(digits);
  return { min: `-${most}`, max: most };
}

/** Values of a restricted picklist. An open one takes every text, and its values say nothing. */
function choices({ restrictedPicklist, picklistValues }: SField): Pick<FieldSchema, 'allowed' | 'labels'> {
  const active = picklistValues.filter((each) => each.active);
  if (!restrictedPicklist || active.length === 0) return {};
  const labelled = active.flatMap(({ label, value }) => (label === null || label === value ? [] : [[label, value] as const]));
  return { allowed: active.map(({ value }) => value), labels: Object.fromEntries(labelled) };
}

/** The type of the workspace that values of a Salesforce type are kept in, and the SQL from the text that REST or Bulk answers. */
export function storedAs(type: string): { readonly duck: string; readonly from: (text: string) => string } {
  const cast = (duck: string) => ({ duck, from: (text: string) => `CAST(${text} AS ${duck})` });
  switch (type) {
    case 'boolean':
      return cast('BOOLEAN');
    case 'int':
      return cast('INTEGER');
    case 'double':
    case 'currency':
    case 'percent':
      return cast('DOUBLE');
    case 'date':
      return cast('DATE');
    case 'datetime': // `+0000` in REST, `Z` in Bulk
      return { duck: 'TIMESTAMP WITH TIME ZONE', from: (text) => `CAST(replace(${text}, '+0000', 'Z') AS TIMESTAMP WITH TIME ZONE)` };
    case 'time':
      return { duck: 'TIME', from: (text) => `CAST(rtrim(${text}, 'Z') AS TIME)` };
    default:
      return { duck: 'VARCHAR', from: (text) => text };
  }
}
