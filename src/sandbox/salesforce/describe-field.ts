/** From a short definition to what `describe` answers: what a definition leaves open is what Salesforce gives an ordinary field. */
import type { FieldDef, FieldDescribe, FieldType, PicklistValue } from './schema.ts';

const DEFAULT_LENGTH: Partial<Record<FieldType, number>> = {
  id: 18,
  reference: 18,
  string: 255,
  textarea: 255,
  email: 80,
  phone: 40,
  url: 255,
  picklist: 255,
  multipicklist: 4099,
  combobox: 255,
  encryptedstring: 175,
};
const SOAP_TYPE: Partial<Record<FieldType, string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  time: 'xsd:time',
  address: 'urn:address',
  location: 'urn:location',
  base64: 'xsd:base64Binary',
  anyType: 'xsd:anyType',
};
const FRACTIONAL: ReadonlySet<FieldType> = new Set(['double', 'currency', 'percent']);
/** Text areas above this length are "long": they cannot be filtered or grouped by. */
const LONG_TEXT = 255;

/** The whole description of a field. What the definition leaves open is what Salesforce gives an ordinary field of the type. */
export function describeField(name: string, def: FieldDef): FieldDescribe {
  const { values, childRelationshipName: _child, ...given } = def;
  return { ...ordinary(name, def), ...given, name, picklistValues: (values ?? []).map((value) => picklistValue(value)) };
}

function ordinary(name: string, def: FieldDef): Omit<FieldDescribe, 'picklistValues'> {
  return { ...plain(name, def), ...rights(def), ...searching(def), ...sizes(def) };
}

const OFF = {
  autoNumber: false,
  calculated: false,
  calculatedFormula: null,
  cascadeDelete: false,
  caseSensitive: false,
  compoundFieldName: null,
  controllerName: null,
  defaultValueFormula: null,
  dependentPicklist: false,
  deprecatedAndHidden: false,
  displayLocationInDecimal: false,
  encrypted: false,
  externalId: false,
  filteredLookupInfo: null,
  highScaleNumber: false,
  htmlFormatted: false,
  inlineHelpText: null,
  mask: null,
  maskType: null,
  nameField: false,
  namePointing: false,
  queryByDistance: false,
  referenceTargetField: null,
  relationshipOrder: null,
  restrictedDelete: false,
  restrictedPicklist: false,
  searchPrefilterable: false,
  unique: false,
  writeRequiresMasterRead: false,
} as const;

function plain(
  name: string,
  def: FieldDef,
): typeof OFF &
  Pick<
    FieldDescribe,
    | 'custom'
    | 'defaultValue'
    | 'extraTypeInfo'
    | 'idLookup'
    | 'label'
    | 'name'
    | 'polymorphicForeignKey'
    | 'referenceTo'
    | 'relationshipName'
    | 'soapType'
    | 'type'
  > {
  // prettier-ignore
  return {
    ...OFF,
    custom: name.endsWith('__c'),
    defaultValue: def.type === 'boolean' ? false : null,
    extraTypeInfo: def.type === 'textarea' ? 'plaintextarea' : null,
    idLookup: def.type === 'id' || def.externalId === true,
    label: name.replace(/__c$/, '').replaceAll('_', ' '),
    name,
    polymorphicForeignKey: (def.referenceTo?.length ?? 0) > 1,
    referenceTo: [],
    relationshipName: null,
    soapType: SOAP_TYPE[def.type] ?? 'xsd:string',
    type: def.type,
  };
}

function rights(def: FieldDef): Pick<FieldDescribe, 'createable' | 'updateable' | 'nillable' | 'defaultedOnCreate' | 'permissionable'> {
  const computed = def.type === 'id' || def.calculated === true || def.autoNumber === true || def.type === 'address';
  const optional = def.type !== 'id' && def.type !== 'boolean' && def.autoNumber !== true;
  return {
    createable: !computed,
    updateable: !computed,
    nillable: optional,
    defaultedOnCreate: !optional,
    permissionable: def.type !== 'id' && (def.nillable ?? true) && (def.createable ?? !computed),
  };
}

function searching(def: FieldDef): Pick<FieldDescribe, 'aggregatable' | 'filterable' | 'groupable' | 'sortable'> {
  const long = def.type === 'textarea' && (def.length ?? LONG_TEXT) > LONG_TEXT;
  const compound = def.type === 'address' || def.type === 'location';
  return {
    aggregatable: !long && !compound && def.type !== 'boolean' && def.type !== 'multipicklist',
    filterable: !long,
    groupable: !long && !compound && !FRACTIONAL.has(def.type) && def.type !== 'datetime' && def.type !== 'multipicklist',
    sortable: !long && !compound && def.type !== 'multipicklist',
  };
}

function sizes(def: FieldDef): Pick<FieldDescribe, 'length' | 'byteLength' | 'precision' | 'scale' | 'digits'> {
  const length = def.length ?? DEFAULT_LENGTH[def.type] ?? 0;
  return {
    length,
    byteLength: def.type === 'id' || def.type === 'reference' ? length : length * 3,
    precision: FRACTIONAL.has(def.type) ? 18 : 0,
    scale: 0,
    digits: def.type === 'int' ? 9 : 0,
  };
}

function picklistValue(value: string | (Partial<PicklistValue> & { readonly value: string })): PicklistValue {
  const given = typeof value === 'string' ? { value } : value;
  return { active: true, defaultValue: false, label: given.value, validFor: null, ...given };
}
