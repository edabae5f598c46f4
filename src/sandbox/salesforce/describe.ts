/** The description of an object as the API answers it: to one user, who may not see every field. */
import type { FieldDescribe } from './schema.ts';
import type { Table } from './table.ts';
import type { SandboxUser } from './users.ts';

export interface ChildRelationship {
  readonly cascadeDelete: boolean;
  readonly childSObject: string;
  readonly deprecatedAndHidden: boolean;
  readonly field: string;
  readonly junctionIdListNames: readonly string[];
  readonly junctionReferenceTo: readonly string[];
  readonly relationshipName: string | null;
  readonly restrictedDelete: boolean;
}

/** What the list of all objects says of one. */
export interface SObjectSummary {
  readonly activateable: boolean;
  readonly createable: boolean;
  readonly custom: boolean;
  readonly customSetting: boolean;
  readonly deletable: boolean;
  readonly deprecatedAndHidden: boolean;
  readonly feedEnabled: boolean;
  readonly hasSubtypes: boolean;
  readonly isSubtype: boolean;
  readonly keyPrefix: string;
  readonly label: string;
  readonly labelPlural: string;
  readonly layoutable: boolean;
  readonly mergeable: boolean;
  readonly mruEnabled: boolean;
  readonly name: string;
  readonly queryable: boolean;
  readonly replicateable: boolean;
  readonly retrieveable: boolean;
  readonly searchable: boolean;
  readonly triggerable: boolean;
  readonly undeletable: boolean;
  readonly updateable: boolean;
  readonly urls: Readonly<Record<string, string>>;
}

export interface SObjectDescribe extends SObjectSummary {
  readonly actionOverrides: readonly never[];
  readonly childRelationships: readonly ChildRelationship[];
  readonly compactLayoutable: boolean;
  readonly fields: readonly FieldDescribe[];
  readonly listviewable: null;
  readonly lookupLayoutable: null;
  readonly namedLayoutInfos: readonly never[];
  readonly networkScopeFieldName: null;
  readonly recordTypeInfos: readonly object[];
  readonly searchLayoutable: boolean;
  readonly sobjectDescribeOption: 'FULL';
  readonly supportedScopes: readonly { readonly label: string; readonly name: string }[];
}

/** `root` is `/services/data/v67.0`. */
export function summarize(table: Table, root: string): SObjectSummary {
  const { def, name } = table;
  return {
    activateable: false,
    createable: def.createable ?? true,
    custom: name.endsWith('__c'),
    customSetting: false,
    deletable: def.deletable ?? true,
    deprecatedAndHidden: false,
    feedEnabled: true,
    hasSubtypes: false,
    isSubtype: false,
    keyPrefix: table.keyPrefix,
    label: labelOf(table),
    labelPlural: pluralOf(table),
    layoutable: true,
    mergeable: ['Account', 'Contact', 'Lead'].includes(name),
    mruEnabled: true,
    name,
    queryable: def.queryable ?? true,
    replicateable: true,
    retrieveable: true,
    searchable: true,
    triggerable: true,
    undeletable: true,
    updateable: def.updateable ?? true,
    urls: {
      sobject: `${root}/sobjects/${name}`,
      describe: `${root}/sobjects/${name}/describe`,
      rowTemplate: `${root}/sobjects/${name}/{ID}`,
    },
  };
}

function labelOf({ def, name }: Table): string {
  return def.label ?? name.replace(/__c$/, '').replaceAll('_', ' ');
}

function pluralOf(table: Table): string {
  return table.def.labelPlural ?? `${labelOf(table)}s`;
}

/** Everything about one object, without the fields the user cannot see. `tables` are all objects the user sees. */
export function describeObject(table: Table, tables: Iterable<Table>, user: SandboxUser | undefined, root: string): SObjectDescribe {
  const { name } = table;
  return {
    actionOverrides: [],
    ...summarize(table, root),
    childRelationships: childRelationships(table, tables),
    compactLayoutable: true,
    fields: [...table.fields].filter((field) => user?.seesField(name, field.name) !== false).map((field) => rightsOf(field, name, user)),
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [masterType(`${root}/sobjects/${name}`)],
    searchLayoutable: true,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [{ label: `All ${pluralOf(table).toLowerCase()}`, name: 'everything' }],
  };
}

function rightsOf(field: FieldDescribe, object: string, user: SandboxUser | undefined): FieldDescribe {
  return user === undefined || user.writesField(object, field.name) ? field : { ...field, createable: false, updateable: false };
}

function childRelationships(table: Table, tables: Iterable<Table>): readonly ChildRelationship[] {
  return [...tables].flatMap((child) =>
    [...child.fields]
      .filter((field) => field.referenceTo.includes(table.name))
      .map((field) => ({
        cascadeDelete: field.cascadeDelete,
        childSObject: child.name,
        deprecatedAndHidden: false,
        field: field.name,
        junctionIdListNames: [],
        junctionReferenceTo: [],
        relationshipName: child.def.fields[field.name]?.childRelationshipName ?? null,
        restrictedDelete: field.restrictedDelete,
      })),
  );
}

function masterType(sobject: string): object {
  const recordTypeId = '012000000000000AAA';
  const urls = { layout: `${sobject}/describe/layouts/${recordTypeId}` };
  return { active: true, available: true, defaultRecordTypeMapping: true, master: true, name: 'Master', recordTypeId, urls };
}
