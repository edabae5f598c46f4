/** What an object of the org looks like: short definitions as people write them, and descriptions as the API answers them. */

export const FIELD_TYPES = [
  'id',
  'string',
  'textarea',
  'email',
  'phone',
  'url',
  'picklist',
  'multipicklist',
  'combobox',
  'boolean',
  'int',
  'double',
  'currency',
  'percent',
  'date',
  'datetime',
  'time',
  'reference',
  'address',
  'location',
  'encryptedstring',
  'base64',
  'anyType',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface PicklistValue {
  readonly active: boolean;
  readonly defaultValue: boolean;
  readonly label: string;
  readonly validFor: string | null;
  readonly value: string;
}

/** A field as `describe` answers it. The properties are those of the recorded answers, in their order. */
export interface FieldDescribe {
  readonly aggregatable: boolean;
  readonly autoNumber: boolean;
  readonly byteLength: number;
  readonly calculated: boolean;
  readonly calculatedFormula: string | null;
  readonly cascadeDelete: boolean;
  readonly caseSensitive: boolean;
  readonly compoundFieldName: string | null;
  readonly controllerName: string | null;
  readonly createable: boolean;
  readonly custom: boolean;
  readonly defaultValue: string | boolean | number | null;
  readonly defaultValueFormula: string | null;
  readonly defaultedOnCreate: boolean;
  readonly dependentPicklist: boolean;
  readonly deprecatedAndHidden: boolean;
  readonly digits: number;
  readonly displayLocationInDecimal: boolean;
  readonly encrypted: boolean;
  readonly externalId: boolean;
  readonly extraTypeInfo: string | null;
  readonly filterable: boolean;
  readonly filteredLookupInfo: null;
  readonly groupable: boolean;
  readonly highScaleNumber: boolean;
  readonly htmlFormatted: boolean;
  readonly idLookup: boolean;
  readonly inlineHelpText: string | null;
  readonly label: string;
  readonly length: number;
  readonly mask: string | null;
  readonly maskType: string | null;
  readonly name: string;
  readonly nameField: boolean;
  readonly namePointing: boolean;
  readonly nillable: boolean;
  readonly permissionable: boolean;
  readonly picklistValues: readonly PicklistValue[];
  readonly polymorphicForeignKey: boolean;
  readonly precision: number;
  readonly queryByDistance: boolean;
  readonly referenceTargetField: string | null;
  readonly referenceTo: readonly string[];
  readonly relationshipName: string | null;
  readonly relationshipOrder: number | null;
  readonly restrictedDelete: boolean;
  readonly restrictedPicklist: boolean;
  readonly scale: number;
  readonly searchPrefilterable: boolean;
  readonly soapType: string;
  readonly sortable: boolean;
  readonly type: FieldType;
  readonly unique: boolean;
  readonly updateable: boolean;
  readonly writeRequiresMasterRead: boolean;
}

/** A field as people define it: its type and what differs from an ordinary optional field of that type. */
export interface FieldDef extends Partial<Omit<FieldDescribe, 'type' | 'name' | 'picklistValues'>> {
  readonly type: FieldType;
  /** Values of a picklist in their order: `'New'`, or with label and so on. */
  readonly values?: readonly (string | (Partial<PicklistValue> & { readonly value: string }))[];
  /** What a list of these records is called on the object pointed to: `Contacts`. Only of references. */
  readonly childRelationshipName?: string;
}

export interface ObjectDef {
  readonly label?: string;
  readonly labelPlural?: string;
  /** First three characters of the ids; made up for objects that name none. */
  readonly keyPrefix?: string;
  readonly fields: Readonly<Record<string, FieldDef>>;
  readonly createable?: boolean;
  readonly updateable?: boolean;
  readonly deletable?: boolean;
  readonly queryable?: boolean;
}

/** Objects by name: `{ "Plan__c": { "fields": { "Code__c": { "type": "string", "length": 40, "externalId": true } } } }`. */
export type SandboxSchema = Readonly<Record<string, ObjectDef>>;

/** What is wrong with a definition that came as JSON; undefined: nothing. */
export function problemOf(object: string, def: unknown): string | undefined {
  if (!/^[A-Za-z]\w*$/.test(object)) return `"${object}" is no name of an object`;
  const fields = isObject(def) ? def['fields'] : undefined;
  if (!isObject(fields)) return `${object} has no fields`;
  const known: readonly unknown[] = FIELD_TYPES;
  const [stranger] = Object.entries(fields).find(([, field]) => !isObject(field) || !known.includes(field['type'])) ?? [];
  return stranger === undefined ? undefined : `the type of ${object}.${stranger} is none of ${FIELD_TYPES.join(', ')}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
