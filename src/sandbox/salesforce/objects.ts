/**
 * The objects a new org has. Account, Contact and Topic are the recorded answers of real orgs (2021, API 42.0), field for field;
 * User, Task, Lead and Opportunity are the fields that people map.
 *
 * The recorded ones come from grouparoo/grouparoo (commit a453a40b16fb), under this licence:
 *
 * MIT License
 *
 * Copyright (c) 2022 Grouparoo, Inc.
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to deal
 * in the Software without restriction, including without limitation the rights
 * to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 * copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all
 * copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
 * SOFTWARE.
 */
import Account from './describes/Account.json' with { type: 'json' };
import Contact from './describes/Contact.json' with { type: 'json' };
import Lead from './describes/Lead.json' with { type: 'json' };
import Opportunity from './describes/Opportunity.json' with { type: 'json' };
import Task from './describes/Task.json' with { type: 'json' };
import Topic from './describes/Topic.json' with { type: 'json' };
import User from './describes/User.json' with { type: 'json' };

import type { FieldDef, ObjectDef, SandboxSchema } from './schema.ts';

export const STANDARD_OBJECTS = { Account, Contact, Lead, Opportunity, Task, Topic, User } as unknown as SandboxSchema;

/** A field to know records by, so that a sync can be tried without defining one first. Of no recording. */
export const SANDBOX_KEY: Readonly<Record<string, FieldDef>> = {
  External_ID__c: { type: 'string', length: 80, externalId: true, unique: true, label: 'External ID' },
};
export const KEYED_OBJECTS = ['Account', 'Contact', 'Lead', 'Opportunity', 'Task'];

const STAMPED = { nillable: false, createable: false, updateable: false, defaultedOnCreate: true } as const;

/** What Salesforce adds to every object of the org's own making. */
export const SYSTEM_FIELDS: Readonly<Record<string, FieldDef>> = {
  Id: { type: 'id', label: 'Record ID' },
  OwnerId: {
    type: 'reference',
    label: 'Owner ID',
    referenceTo: ['User'],
    relationshipName: 'Owner',
    nillable: false,
    defaultedOnCreate: true,
  },
  IsDeleted: { type: 'boolean', label: 'Deleted', createable: false, updateable: false },
  Name: { type: 'string', label: 'Name', length: 80, nameField: true },
  CreatedDate: { type: 'datetime', label: 'Created Date', ...STAMPED },
  CreatedById: { type: 'reference', label: 'Created By ID', referenceTo: ['User'], relationshipName: 'CreatedBy', ...STAMPED },
  LastModifiedDate: { type: 'datetime', label: 'Last Modified Date', ...STAMPED },
  LastModifiedById: {
    type: 'reference',
    label: 'Last Modified By ID',
    referenceTo: ['User'],
    relationshipName: 'LastModifiedBy',
    ...STAMPED,
  },
  SystemModstamp: { type: 'datetime', label: 'System Modstamp', ...STAMPED },
};

/** A definition with the system fields in front, unless it is complete as it is. Only custom objects have a Name by themselves. */
export function withSystemFields(object: string, def: ObjectDef): ObjectDef {
  if (def.fields['Id'] !== undefined) return def;
  const { Name, ...others } = SYSTEM_FIELDS;
  const name = object.endsWith('__c') && Name !== undefined ? { Name } : {};
  return { ...def, fields: { ...others, ...name, ...def.fields } };
}
